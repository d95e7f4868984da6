package org.batchnorm4j.training;

import java.nio.file.Path;

/** Told how a run goes, on the thread that trains. Every method does nothing unless overridden. */
public interface TrainingListener {

  /**
   * A batch is done.
   *
   * @param position how far the run has come
   * @param batches batches of each epoch
   * @param imagesPerSecond pictures per second in this epoch, since the run began or was resumed
   */
  default void batchDone(Position position, int batches, double imagesPerSecond) {}

  /** The test at the end of an epoch begins. */
  default void testing(Position position) {}

  /** An epoch and its test are done and saved. */
  default void epochDone(EpochMetrics metrics) {}

  /** A checkpoint is on the disk. */
  default void checkpointWritten(Path file, Position position) {}
}
