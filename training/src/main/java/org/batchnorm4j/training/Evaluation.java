package org.batchnorm4j.training;

/** How a model reads pictures it has not seen. Immutable and safe for use by several threads. */
public final class Evaluation {
  private final double loss;
  private final long[][] confusion;
  private final long count;
  private final long correct;

  Evaluation(double loss, long[][] confusion) {
    this.loss = loss;
    this.confusion = confusion;
    long all = 0;
    long diagonal = 0;
    for (int i = 0; i < confusion.length; i++) {
      for (int j = 0; j < confusion.length; j++) {
        all += confusion[i][j];
      }
      diagonal += confusion[i][i];
    }
    count = all;
    correct = diagonal;
  }

  /** Returns the mean cross-entropy. */
  public double loss() {
    return loss;
  }

  /** Returns the share of pictures read rightly, from 0 to 1. */
  public double accuracy() {
    return (double) correct / count;
  }

  /** Returns the number of pictures. */
  public long count() {
    return count;
  }

  /** Returns the number of pictures read rightly. */
  public long correct() {
    return correct;
  }

  /** Returns the number of classes. */
  public int classes() {
    return confusion.length;
  }

  /** Returns how many pictures of class {@code actual} were read as class {@code predicted}. */
  public long confusion(int actual, int predicted) {
    return confusion[actual][predicted];
  }
}
