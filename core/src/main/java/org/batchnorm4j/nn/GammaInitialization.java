package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * The first values of gamma. Ones in every system but PuzzleLib, which draws them from N(1,
 * sscale); zeros make a residual block start as the identity (Goyal et al. 2017, section 5.1).
 * Immutable and safe for use by many threads.
 */
public sealed interface GammaInitialization {

  /** The same value for every channel: PyTorch's 1, or 0 for the last norm of a residual block. */
  static GammaInitialization constant(double value) {
    return new Constant(value);
  }

  /**
   * Independent draws from a normal distribution.
   *
   * @param mean their mean
   * @param deviation their standard deviation, which PuzzleLib calls {@code sscale} (its page says
   *     dispersion)
   * @throws IllegalArgumentException if the deviation is negative or not a number
   */
  static GammaInitialization normal(double mean, double deviation) {
    return new Normal(mean, deviation);
  }

  /** Overwrites gamma. */
  void fill(Tensor gamma, RandomStream random);

  /**
   * One value.
   *
   * @param value gamma of every channel
   */
  record Constant(double value) implements GammaInitialization {
    @Override
    public void fill(Tensor gamma, RandomStream random) {
      gamma.fill(value);
    }
  }

  /**
   * N(mean, deviation), drawn in float64 and rounded once.
   *
   * @param mean the mean
   * @param deviation the standard deviation, 0 or more
   */
  record Normal(double mean, double deviation) implements GammaInitialization {
    /** Checks the deviation. */
    public Normal {
      if (!(deviation >= 0)) {
        throw new IllegalArgumentException(
            "the deviation of gamma's first values must be 0 or more, got " + deviation);
      }
    }

    @Override
    public void fill(Tensor gamma, RandomStream random) {
      double[] values = new double[gamma.size()];
      for (int c = 0; c < values.length; c++) {
        values[c] = mean + deviation * random.nextGaussian();
      }
      gamma.copyFrom(Tensor.of(values, values.length));
    }
  }
}
