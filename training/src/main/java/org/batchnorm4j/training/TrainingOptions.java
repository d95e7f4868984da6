package org.batchnorm4j.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * How to train. Immutable and safe for use by several threads; each {@code with...} gives a changed
 * copy. Defaults: 5 epochs of batches of 64, Adam at 1e-3 falling along a cosine, seed 1, no
 * augmentation, a checkpoint at the end of each epoch.
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

  private static void requireRange(String what, int value, int least, int most) {
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

  /** Returns after how many steps a checkpoint is written, 0 for the ends of epochs only. */
  public int checkpointEvery() {
    return checkpointEvery;
  }

  /** Returns all options as texts under the names of the command line, in a fixed order. */
  public Map<String, String> toMap() {
    Map<String, String> map = new LinkedHashMap<>();
    map.put("epochs", Integer.toString(epochs));
    map.put("batch-size", Integer.toString(batchSize));
    map.put("optimizer", optimizer.option());
    map.put("lr", Double.toString(learningRate));
    map.put("weight-decay", Double.toString(weightDecay));
    map.put("schedule", schedule.option());
    map.put("seed", Long.toString(seed));
    map.put("crop", Integer.toString(crop));
    map.put("flip", Boolean.toString(flip));
    map.put("checkpoint-every", Integer.toString(checkpointEvery));
    return map;
  }

  /**
   * Returns the options of a {@link #toMap()}.
   *
   * @throws NoSuchElementException if one is missing; the message names it
   * @throws IllegalArgumentException if one is no number or out of range
   */
  public static TrainingOptions fromMap(Map<String, String> map) {
    return defaults()
        .withOptimizer(OptimizerKind.named(text(map, "optimizer")))
        .withEpochs(Integer.parseInt(text(map, "epochs")))
        .withBatchSize(Integer.parseInt(text(map, "batch-size")))
        .withLearningRate(Double.parseDouble(text(map, "lr")))
        .withWeightDecay(Double.parseDouble(text(map, "weight-decay")))
        .withSchedule(ScheduleKind.named(text(map, "schedule")))
        .withSeed(Long.parseLong(text(map, "seed")))
        .withCrop(Integer.parseInt(text(map, "crop")))
        .withFlip(Boolean.parseBoolean(text(map, "flip")))
        .withCheckpointEvery(Integer.parseInt(text(map, "checkpoint-every")));
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

  private static String text(Map<String, String> map, String name) {
    String text = map.get(name);
    if (text == null) {
      throw new NoSuchElementException("option \"" + name + "\" is missing");
    }
    return text;
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
      checkpointEvery = from.checkpointEvery;
    }
  }
}
