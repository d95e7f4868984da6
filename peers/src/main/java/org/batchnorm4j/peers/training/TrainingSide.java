package org.batchnorm4j.peers.training;

/** One of the two that are compared. Belongs to one thread. */
interface TrainingSide {
  double LEARNING_RATE = 1e-3;

  /** Forward, loss, backward and a step of Adam; returns the loss. */
  double step();

  /** Sets the number of threads. */
  void useThreads(int threads);
}
