package org.batchnorm4j.training;

import java.util.Map;

/**
 * How far a run has come, and what the current epoch has summed up so far. Immutable and safe for
 * use by several threads.
 *
 * @param epoch epochs finished, test included
 * @param batch batches done in the current epoch; if that is all of them, the test is still to come
 * @param step optimiser steps since the start
 * @param lossSum cross-entropy summed over the pictures of the current epoch
 * @param correct pictures of the current epoch that were read rightly
 * @param seen pictures of the current epoch
 */
public record Position(int epoch, int batch, long step, double lossSum, long correct, long seen) {
  /** Before the first step. */
  static final Position START = new Position(0, 0, 0, 0, 0, 0);

  /** Checks that nothing is negative. */
  public Position {
    if (epoch < 0 || batch < 0 || step < 0 || correct < 0 || seen < 0) {
      throw new IllegalArgumentException("a position in a run has a negative count");
    }
  }

  /** Returns all counts as texts by name, as a checkpoint holds them. */
  Map<String, String> toMap() {
    return Map.of(
        "epoch", Integer.toString(epoch),
        "batch", Integer.toString(batch),
        "step", Long.toString(step),
        "loss-sum", Double.toString(lossSum),
        "correct", Long.toString(correct),
        "seen", Long.toString(seen));
  }

  /** Reads what {@link #toMap} gave. */
  static Position from(MetadataReader texts) {
    return new Position(
        (int) texts.count("epoch", Integer.MAX_VALUE),
        (int) texts.count("batch", Integer.MAX_VALUE),
        texts.count("step", Long.MAX_VALUE),
        texts.number("loss-sum"),
        texts.count("correct", Long.MAX_VALUE),
        texts.count("seen", Long.MAX_VALUE));
  }

  /** Returns the position behind one more batch. */
  Position afterBatch(double batchLossSum, int batchCorrect, int batchSeen) {
    return new Position(
        epoch,
        batch + 1,
        step + 1,
        lossSum + batchLossSum,
        correct + batchCorrect,
        seen + batchSeen);
  }

  /** Returns the start of the next epoch. */
  Position nextEpoch() {
    return new Position(epoch + 1, 0, step, 0, 0, 0);
  }

  /** Returns the mean loss of the current epoch so far, NaN before its first batch. */
  public double meanLoss() {
    return lossSum / seen;
  }

  /** Returns the accuracy of the current epoch so far, NaN before its first batch. */
  public double accuracy() {
    return (double) correct / seen;
  }
}
