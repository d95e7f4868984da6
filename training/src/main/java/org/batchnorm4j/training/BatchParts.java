package org.batchnorm4j.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.statistics.GhostBatches;
import org.batchnorm4j.statistics.StatisticsReducer;

/**
 * In which parts each batch is computed, of which one way is chosen at most.
 *
 * <ul>
 *   <li>Replicas and micro-batches divide the work; batch norm takes its statistics from the whole
 *       batch. Replicas work at once, micro-batches one after the other in the memory of one, with
 *       repetitions (see {@link org.batchnorm4j.nn.parallel.VirtualBatch}). The same number of
 *       either gives the same bits.
 *   <li>Ghost batches divide the statistics: each part is normalised on its own.
 * </ul>
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param replicas over how many replicas a batch is spread, 1 to 64
 * @param microBatches in how many micro-batches it is computed, 1 to 1,024
 * @param ghost pictures of a ghost batch, 1 to 65,536; 0 for the whole batch
 */
public record BatchParts(int replicas, int microBatches, int ghost) {
  private static final String REPLICAS = "replicas";
  private static final String MICRO_BATCHES = "micro-batches";
  private static final String GHOST = "ghost";

  /**
   * Checks each number for itself, see {@link #requireSense}.
   *
   * @throws IllegalArgumentException if one is out of range
   */
  public BatchParts {
    TrainingOptions.requireRange(REPLICAS, replicas, 1, 64);
    TrainingOptions.requireRange(MICRO_BATCHES, microBatches, 1, 1024);
    TrainingOptions.requireRange(GHOST, ghost, 0, 65_536);
  }

  /** Returns the batch in one part. */
  public static BatchParts whole() {
    return new BatchParts(1, 1, 0);
  }

  /** Returns these parts with another number of replicas. */
  public BatchParts withReplicas(int value) {
    return new BatchParts(value, microBatches, ghost);
  }

  /** Returns these parts with another number of micro-batches. */
  public BatchParts withMicroBatches(int value) {
    return new BatchParts(replicas, value, ghost);
  }

  /** Returns these parts with ghost batches of another size. */
  public BatchParts withGhost(int value) {
    return new BatchParts(replicas, microBatches, value);
  }

  /** Returns the numbers under the names of the command line. */
  Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put(REPLICAS, replicas);
    values.put(MICRO_BATCHES, microBatches);
    values.put(GHOST, ghost);
    return values;
  }

  /** Reads {@link #values}; what older checkpoints do not have yet is that of a whole batch. */
  static BatchParts read(MetadataReader texts) {
    int replicas = texts.has(REPLICAS) ? texts.integer(REPLICAS) : 1;
    int microBatches = texts.has(MICRO_BATCHES) ? texts.integer(MICRO_BATCHES) : 1;
    int ghost = texts.has(GHOST) ? texts.integer(GHOST) : 0;
    BatchParts spread = texts.accepted(REPLICAS, () -> whole().withReplicas(replicas));
    BatchParts split = texts.accepted(MICRO_BATCHES, () -> spread.withMicroBatches(microBatches));
    return texts.accepted(GHOST, () -> split.withGhost(ghost));
  }

  /**
   * Checks that the numbers mean something together.
   *
   * @param batchSize pictures of a batch
   * @throws IllegalArgumentException if a batch is to be divided in more than one way, a
   *     micro-batch is always empty, or ghost batches are as large as batches
   */
  public void requireSense(int batchSize) {
    List<String> ways = new ArrayList<>();
    values()
        .forEach(
            (name, value) -> {
              if (!value.equals(whole().values().get(name))) {
                ways.add(name + " " + value);
              }
            });
    if (ways.size() > 1) {
      throw new IllegalArgumentException(
          "a batch is divided in one way, but there are "
              + String.join(" and ", ways)
              + "; leave one out");
    }
    if (microBatches > batchSize) {
      throw new IllegalArgumentException(
          "micro-batches "
              + microBatches
              + " leave some without pictures in batches of "
              + batchSize
              + "; choose at most "
              + batchSize);
    }
    if (ghost > 0 && batchSize / ghost < 2) {
      throw new IllegalArgumentException(
          "ghost batches of "
              + ghost
              + " do not divide batches of "
              + batchSize
              + "; choose at most "
              + batchSize / 2
              + ", or leave ghost out");
    }
  }

  /** What a pass over one batch on one replica takes its statistics from. */
  StatisticsReducer statistics() {
    return ghost == 0 ? StatisticsReducer.local() : new GhostBatches(ghost);
  }
}
