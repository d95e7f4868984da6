package org.batchnorm4j.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * How to train. Immutable and safe for use by several threads; each {@code with...} gives a changed
 * copy. Defaults: 5 epochs of batches of 64, Adam at 1e-3 falling along a cosine, seed 1, no
 * augmentation, batches in one part, a checkpoint at the end of each epoch.
 */
public final class TrainingOptions {
  private static final int MOST_EPOCHS = 1_000_000;

  private final int epochs;
  private final int batchSize;
  private final OptimizerKind optimizer;
  private final double learningRate;
  private final double weightDecay;
  private final ScheduleKind schedule;
  private final long seed;
  private final int crop;
  private final boolean flip;
  private final BatchParts parts;
  private final int checkpointEvery;

  private TrainingOptions(Draft draft) {
    epochs = draft.epochs;
    batchSize = draft.batchSize;
    optimizer = draft.optimizer;
    learningRate = draft.learningRate;
    weightDecay = draft.weightDecay;
    schedule = draft.schedule;
    seed = draft.seed;
    crop = draft.crop;
    flip = draft.flip;
    parts = draft.parts;
    checkpointEvery = draft.checkpointEvery;
  }

  /** Returns the defaults. */
  public static TrainingOptions defaults() {
    return new TrainingOptions(new Draft());
  }

  /** Returns these options with another number of passes over the training set, 1 to 1,000,000. */
  public TrainingOptions withEpochs(int value) {
    requireRange("epochs", value, 1, MOST_EPOCHS);
    Draft draft = new Draft(this);
    draft.epochs = value;
    return new TrainingOptions(draft);
  }

  /** Returns these options with another number of pictures per step, 1 to 65,536. */
  public TrainingOptions withBatchSize(int value) {
    requireRange("batch size", value, 1, 65_536);
    Draft draft = new Draft(this);
    draft.batchSize = value;
    return new TrainingOptions(draft);
  }

  /**
   * Returns these options with another optimiser and its default learning rate and weight decay.
   */
  public TrainingOptions withOptimizer(OptimizerKind kind) {
    Draft draft = new Draft(this);
    draft.optimizer = kind;
    draft.learningRate = kind.defaultRate();
    draft.weightDecay = kind.defaultDecay();
    return new TrainingOptions(draft);
  }

  /** Returns these options with another (largest) learning rate, above 0 and finite. */
  public TrainingOptions withLearningRate(double value) {
    if (!(value > 0 && value <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException("learning rate must be a number above 0, got " + value);
    }
    Draft draft = new Draft(this);
    draft.learningRate = value;
    return new TrainingOptions(draft);
  }

  /** Returns these options with another weight decay, from 0 to 1. */
  public TrainingOptions withWeightDecay(double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException("weight decay must be from 0 to 1, got " + value);
    }
    Draft draft = new Draft(this);
    draft.weightDecay = value;
    return new TrainingOptions(draft);
  }

  /** Returns these options with another schedule of the learning rate. */
  public TrainingOptions withSchedule(ScheduleKind kind) {
    Draft draft = new Draft(this);
    draft.schedule = kind;
    return new TrainingOptions(draft);
  }

  /**
   * Returns these options with another seed for first values, order of pictures and augmentation.
   */
  public TrainingOptions withSeed(long value) {
    Draft draft = new Draft(this);
    draft.seed = value;
    return new TrainingOptions(draft);
  }

  /**
   * Returns these options with training pictures shifted by up to so many pixels each way, 0 to 64.
   */
  public TrainingOptions withCrop(int value) {
    requireRange("crop", value, 0, 64);
    Draft draft = new Draft(this);
    draft.crop = value;
    return new TrainingOptions(draft);
  }

  /** Returns these options with training pictures mirrored, or not, at random. */
  public TrainingOptions withFlip(boolean value) {
    Draft draft = new Draft(this);
    draft.flip = value;
    return new TrainingOptions(draft);
  }

  /** Returns these options with each batch in other parts. */
  public TrainingOptions withParts(BatchParts value) {
    Draft draft = new Draft(this);
    draft.parts = value;
    return new TrainingOptions(draft);
  }

  /**
   * Returns these options with a checkpoint every so many steps too, or 0 for the ends of epochs
   * only.
   */
  public TrainingOptions withCheckpointEvery(int value) {
    requireRange("checkpoint interval", value, 0, Integer.MAX_VALUE);
    Draft draft = new Draft(this);
    draft.checkpointEvery = value;
    return new TrainingOptions(draft);
  }

  static void requireRange(String what, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          what + " must be from " + least + " to " + most + ", got " + value);
    }
  }

  /** Returns the number of passes over the training set. */
  public int epochs() {
    return epochs;
  }

  /** Returns the number of pictures per step. */
  public int batchSize() {
    return batchSize;
  }

  /** Returns the optimiser. */
  public OptimizerKind optimizer() {
    return optimizer;
  }

  /** Returns the largest learning rate of the run. */
  public double learningRate() {
    return learningRate;
  }

  /** Returns the weight decay. */
  public double weightDecay() {
    return weightDecay;
  }

  /** Returns the schedule of the learning rate. */
  public ScheduleKind schedule() {
    return schedule;
  }

  /** Returns the seed of everything random. */
  public long seed() {
    return seed;
  }

  /** Returns by how many pixels training pictures are shifted at most. */
  public int crop() {
    return crop;
  }

  /** Returns whether training pictures are mirrored at random. */
  public boolean flip() {
    return flip;
  }

  /** Returns in which parts each batch is computed. */
  public BatchParts parts() {
    return parts;
  }

  /** Returns after how many steps a checkpoint is written, 0 for the ends of epochs only. */
  public int checkpointEvery() {
    return checkpointEvery;
  }

  /**
   * Returns all options under the names of the command line, in a fixed order: numbers, {@link
   * Boolean}s and words.
   */
  public Map<String, Object> values() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("epochs", epochs);
    map.put("batch-size", batchSize);
    map.put("optimizer", optimizer.option());
    map.put("lr", learningRate);
    map.put("weight-decay", weightDecay);
    map.put("schedule", schedule.option());
    map.put("seed", seed);
    map.put("crop", crop);
    map.put("flip", flip);
    map.putAll(parts.values());
    map.put("checkpoint-every", checkpointEvery);
    return map;
  }

  /** Returns {@link #values()} as texts. */
  public Map<String, String> toMap() {
    Map<String, String> map = new LinkedHashMap<>();
    values().forEach((name, value) -> map.put(name, value.toString()));
    return map;
  }

  /**
   * Returns the options of a {@link #toMap()}.
   *
   * @throws NoSuchElementException if one is missing; the message names it
   * @throws IllegalArgumentException if one is no number or out of range; the message names it
   */
  public static TrainingOptions fromMap(Map<String, String> map) {
    return read(new MetadataReader(map, "option", ""));
  }

  /** Reads what {@link #toMap} gave. */
  static TrainingOptions read(MetadataReader texts) {
    String kinds = "one of " + String.join(", ", OptimizerKind.options());
    String schedules = "one of " + String.join(", ", ScheduleKind.options());
    TrainingOptions start =
        defaults()
            .withOptimizer(texts.parsed("optimizer", kinds, OptimizerKind::named))
            .withSchedule(texts.parsed("schedule", schedules, ScheduleKind::named))
            .withSeed(texts.longInteger("seed"))
            .withFlip(texts.truth("flip"));
    int epochs = texts.integer("epochs");
    int batchSize = texts.integer("batch-size");
    double rate = texts.number("lr");
    double decay = texts.number("weight-decay");
    int crop = texts.integer("crop");
    int every = texts.integer("checkpoint-every");
    TrainingOptions timed = texts.accepted("epochs", () -> start.withEpochs(epochs));
    TrainingOptions sized = texts.accepted("batch-size", () -> timed.withBatchSize(batchSize));
    TrainingOptions rated = texts.accepted("lr", () -> sized.withLearningRate(rate));
    TrainingOptions decayed = texts.accepted("weight-decay", () -> rated.withWeightDecay(decay));
    TrainingOptions cropped = texts.accepted("crop", () -> decayed.withCrop(crop));
    TrainingOptions divided = cropped.withParts(BatchParts.read(texts));
    return texts.accepted("checkpoint-every", () -> divided.withCheckpointEvery(every));
  }

  /**
   * Returns the names of the options in which a run that was begun with {@code earlier} cannot go
   * on with these and end as if it had had them from the start. The checkpoint interval never
   * matters; more epochs do not matter if the rate is constant.
   */
  public List<String> conflictsWith(TrainingOptions earlier) {
    Map<String, String> had = earlier.toMap();
    List<String> conflicts = new ArrayList<>();
    toMap()
        .forEach(
            (name, value) -> {
              boolean free =
                  name.equals("checkpoint-every")
                      || (name.equals("epochs")
                          && schedule == ScheduleKind.CONSTANT
                          && epochs > earlier.epochs);
              if (!free && !value.equals(had.get(name))) {
                conflicts.add(name);
              }
            });
    return conflicts;
  }

  @Override
  public String toString() {
    return toMap().toString();
  }

  /** Values on their way into options. */
  private static final class Draft {
    int epochs = 5;
    int batchSize = 64;
    OptimizerKind optimizer = OptimizerKind.ADAM;
    double learningRate = OptimizerKind.ADAM.defaultRate();
    double weightDecay = OptimizerKind.ADAM.defaultDecay();
    ScheduleKind schedule = ScheduleKind.COSINE;
    long seed = 1;
    int crop;
    boolean flip;
    BatchParts parts = BatchParts.whole();
    int checkpointEvery;

    Draft() {}

    Draft(TrainingOptions from) {
      epochs = from.epochs;
      batchSize = from.batchSize;
      optimizer = from.optimizer;
      learningRate = from.learningRate;
      weightDecay = from.weightDecay;
      schedule = from.schedule;
      seed = from.seed;
      crop = from.crop;
      flip = from.flip;
      parts = from.parts;
      checkpointEvery = from.checkpointEvery;
    }
  }
}
