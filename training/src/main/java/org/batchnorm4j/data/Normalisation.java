package org.batchnorm4j.data;

import java.util.List;

/**
 * What turns a byte into the number a network sees: {@code (byte / 255 - mean) / deviation}, per
 * channel.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param mean the mean of each channel over a training set, in units of 255
 * @param deviation the standard deviation of each channel, likewise
 */
public record Normalisation(List<Double> mean, List<Double> deviation) {
  /** The constants of MNIST's 60,000 training images. */
  static final Normalisation MNIST = grey(0.1307, 0.3081);

  /** The constants of Fashion-MNIST's 60,000 training images. */
  static final Normalisation FASHION_MNIST = grey(0.2860, 0.3530);

  /** The constants of CIFAR-10's 50,000 training images. */
  static final Normalisation CIFAR10 =
      new Normalisation(List.of(0.4914, 0.4822, 0.4465), List.of(0.2470, 0.2435, 0.2616));

  /**
   * Checks the constants.
   *
   * @throws IllegalArgumentException if there are not equally many of both, or a deviation is not
   *     positive
   */
  public Normalisation {
    mean = List.copyOf(mean);
    deviation = List.copyOf(deviation);
    if (mean.size() != deviation.size()) {
      throw new IllegalArgumentException(
          "normalisation has " + mean.size() + " means but " + deviation.size() + " deviations");
    }
    for (double value : deviation) {
      if (!(value > 0)) {
        throw new IllegalArgumentException(
            "deviation " + value + " of a normalisation is not positive");
      }
    }
  }

  /** Returns the constants of pictures with one channel. */
  public static Normalisation grey(double mean, double deviation) {
    return new Normalisation(List.of(mean), List.of(deviation));
  }

  /** Returns the number of channels. */
  public int channels() {
    return mean.size();
  }

  /**
   * Returns what each byte becomes in channel {@code channel}, at the index of the byte read as 0
   * to 255: the formula in float64, rounded to float32 once.
   */
  float[] table(int channel) {
    float[] table = new float[256];
    for (int i = 0; i < table.length; i++) {
      table[i] = (float) ((i / 255.0 - mean.get(channel)) / deviation.get(channel));
    }
    return table;
  }
}
