package org.batchnorm4j.examples;

import java.io.PrintStream;
import java.util.Locale;
import java.util.OptionalInt;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Embedding;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.RNNCell;
import org.batchnorm4j.nn.Recurrence;
import org.batchnorm4j.nn.RecurrentOptions;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.optim.SGD;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * Sentiment of made-up reviews by a recurrent network, with and without batch norm on its hidden
 * states. Words are numbers: 1 to 4 praise, 5 to 8 blame, 9 is "not" and turns the next of them
 * around, the others mean nothing. A review is good if praise prevails. Both cells start from the
 * same values, read the same reviews and learn at the same rate.
 *
 * <p>Functions without state: safe for use by many threads.
 */
public final class RecurrentSentiment {
  private static final int WORDS = 24;
  private static final int LENGTH = 12;
  private static final int BATCH = 32;
  private static final int HIDDEN = 16;
  private static final int NOT = 9;

  private RecurrentSentiment() {}

  /** Fills a row of words and returns 1 for a good review, 0 for a bad one. */
  private static long write(long[] words, int from, RandomStream random) {
    int balance = 0;
    while (balance == 0) {
      int sign = 1;
      for (int t = 0; t < LENGTH; t++) {
        int word = 1 + random.nextInt(WORDS - 1);
        words[from + t] = word;
        if (word == NOT) {
          sign = -1;
        } else if (word < NOT) {
          balance += word <= 4 ? sign : -sign;
          sign = 1;
        }
      }
    }
    return balance > 0 ? 1 : 0;
  }

  /**
   * The mean training loss of the last 20 of some steps; ln 2 = 0.69 is what guessing gives.
   *
   * @param normalised whether the cell has batch norm
   * @param steps batches to train on
   * @param seed of first values and reviews, which do not depend on {@code normalised}
   */
  public static double loss(boolean normalised, int steps, long seed) {
    RandomStream random = RandomStream.of(seed);
    Embedding words = new Embedding(WORDS, 8, OptionalInt.empty(), DType.FLOAT32, random);
    RecurrentOptions plain = RecurrentOptions.defaults();
    RNNCell cell =
        new RNNCell(
            8,
            HIDDEN,
            normalised ? plain.withBatchNorm(LENGTH) : plain,
            RNNCell.Nonlinearity.TANH,
            random);
    Sequential model =
        new Sequential(
            words,
            new Recurrence(cell, Recurrence.Output.LAST),
            new Linear(HIDDEN, 2, true, random));
    SGD optimizer = new SGD(model.parameters(), 0.1, 0.9, 0, false);
    RandomStream reviews = RandomStream.of(seed, 1);
    double sum = 0;
    for (int step = 0; step < steps; step++) {
      long[] batch = new long[BATCH * LENGTH];
      long[] good = new long[BATCH];
      for (int n = 0; n < BATCH; n++) {
        good[n] = write(batch, n * LENGTH, reviews);
      }
      Pass pass = Pass.training();
      Tensor scores = model.forward(Tensor.of(batch, BATCH, LENGTH), pass);
      Tensor loss = Functional.crossEntropy(scores, Tensor.of(good, BATCH), pass);
      optimizer.step(pass.backward(loss));
      sum += step >= steps - 20 ? loss.item() / 20 : 0;
    }
    return sum;
  }

  /** Trains both and prints their losses. */
  public static void run(PrintStream out) {
    for (boolean normalised : new boolean[] {false, true}) {
      out.printf(
          Locale.ROOT,
          "%s batch norm: loss %.3f%n",
          normalised ? "with" : "without",
          loss(normalised, 160, 1));
    }
  }

  /** Runs the example. */
  public static void main(String[] args) {
    run(System.out);
  }
}
