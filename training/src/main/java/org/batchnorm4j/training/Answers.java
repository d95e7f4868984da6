package org.batchnorm4j.training;

import org.batchnorm4j.tensor.Tensor;

/** Counts right answers. Stateless and safe for use by several threads. */
final class Answers {
  private Answers() {}

  /** How many answers are the labels. */
  static int correct(Tensor answers, Tensor labels) {
    long[] given = answers.toLongs();
    long[] expected = labels.toLongs();
    int correct = 0;
    for (int i = 0; i < expected.length; i++) {
      correct += given[i] == expected[i] ? 1 : 0;
    }
    return correct;
  }
}
