package org.batchnorm4j.data;

import org.batchnorm4j.tensor.RandomStream;

/**
 * Embedded data: pictures of handwriting-like digits, 28x28 grey, drawn from the strokes of a pen.
 *
 * <p>No font, display or download takes part. Each picture comes from a random stream of its own
 * that belongs to (seed, training or test, index), so the same seed gives the same bytes on every
 * machine, a longer set begins with the shorter one, and no test picture shares a stream with a
 * training picture. Classes take turns: picture {@code i} is the digit {@code i % 10}.
 *
 * <p>The digits fill a box of 20x20 pixels centred by mass and have about the ink of MNIST (mean
 * 0.13, standard deviation 0.31), and are normalised with MNIST's constants, so that networks
 * trained on the one read the other.
 *
 * <p>Stateless and safe for use by several threads.
 */
public final class DigitImages {
  /** Pictures in the training set of {@link #standard()}. */
  public static final int TRAINING_SIZE = 10_000;

  /** Pictures in the test set of {@link #standard()}. */
  public static final int TEST_SIZE = 2_000;

  private static final long STANDARD_SEED = 1;
  private static final int TRAINING = 0;
  private static final int TEST = 1;

  private DigitImages() {}

  /** Returns the standard sets: 10,000 pictures to train, 2,000 to test, always the same. */
  public static DataSplit standard() {
    return new DataSplit(training(STANDARD_SEED, TRAINING_SIZE), standardTest());
  }

  /** Returns the test set of {@link #standard()} alone. */
  public static Dataset standardTest() {
    return test(STANDARD_SEED, TEST_SIZE);
  }

  /**
   * Draws pictures to train on.
   *
   * @throws IllegalArgumentException if {@code count} is negative or above 2,000,000
   */
  public static Dataset training(long seed, int count) {
    return draw("digits", seed, TRAINING, count);
  }

  /**
   * Draws pictures to test with, none of them among those to train on.
   *
   * @throws IllegalArgumentException if {@code count} is negative or above 2,000,000
   */
  public static Dataset test(long seed, int count) {
    return draw("digits test", seed, TEST, count);
  }

  private static Dataset draw(String name, long seed, int part, int count) {
    if (count < 0 || count > 2_000_000) {
      throw new IllegalArgumentException(
          "asked for " + count + " pictures of digits, expected 0 to 2000000");
    }
    ImageShape shape = new ImageShape(1, DigitArtist.SIDE, DigitArtist.SIDE);
    byte[] pixels = new byte[count * shape.values()];
    byte[] labels = new byte[count];
    DigitArtist artist = new DigitArtist();
    for (int i = 0; i < count; i++) {
      labels[i] = (byte) (i % 10);
      artist.draw(i % 10, RandomStream.of(seed, part, i), pixels, i * shape.values());
    }
    return Dataset.of(name, shape, 10, Normalisation.MNIST, pixels, labels);
  }
}
