package org.batchnorm4j.autograd;

import java.util.List;
import org.batchnorm4j.statistics.StatisticsReducer;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;

/**
 * Whitening of groups of channels: what comes out has mean 0, and the covariance of the channels of
 * a group is next to the identity. {@code y = S (x - mean)} with {@code S = (covariance + eps
 * I)^-1/2}, the symmetric root ("ZCA"), which changes the data least. Batch norm does the same with
 * the diagonal of the covariance alone.
 *
 * <p>Mean, covariance and root are computed in float64. Functions without state: safe for use by
 * many threads.
 */
public final class Whitening {
  private Whitening() {}

  /** How the inverse root is found. Implementations are immutable. */
  public sealed interface Root {

    /** By eigenvalues (Huang, Yang, Lang and Deng 2018); no gradients of gradients. */
    record Eigenvalues() implements Root {}

    /**
     * By Newton's steps (Huang, Zhou, Zhu, Liu and Shao 2019), which stop short of the root for
     * small eigenvalues. Rounding errors grow with every step behind the root, hence the limit.
     *
     * @param steps how many, 1 to 10; the paper takes 5
     */
    record Newton(int steps) implements Root {
      /**
       * Checks the number.
       *
       * @throws IllegalArgumentException if it is not from 1 to 10
       */
      public Newton {
        if (steps < 1 || steps > 10) {
          throw new IllegalArgumentException("whitening takes 1 to 10 steps, got " + steps);
        }
      }
    }
  }

  /**
   * The channels of (N, C, ...) in rows: (C, N ...) in float64.
   *
   * @param x any floating type
   */
  public static Tensor rows(Tensor x, Pass pass) {
    long positions = x.shape().span(2, x.rank());
    Tensor flat = pass.reshape(x, x.axis(0), x.axis(1), positions);
    Tensor rows = pass.reshape(pass.permute(flat, 1, 0, 2), x.axis(1), x.axis(0) * positions);
    return pass.to(rows, DType.FLOAT64);
  }

  /**
   * The statistics of rows.
   *
   * @param count values of a channel
   * @param mean (C, 1)
   * @param centred rows (C, M) less their mean
   * @param covariance (G, d, d), divided by the count
   */
  public record Statistics(long count, Tensor mean, Tensor centred, Tensor covariance) {}

  /**
   * Statistics of rows and of everything that the pass normalises together with them ({@link
   * Pass#statistics}): first the means of all, then the products of what is left without them.
   *
   * @param layer which layer asks, as errors name it
   * @param rows (C, M), M being 0 or more
   */
  public static Statistics statistics(String layer, Tensor rows, int groups, Pass pass) {
    int channels = rows.axis(0);
    StatisticsReducer reducer = pass.statistics();
    Tensor sums = pass.reshape(pass.sum(rows, 1), channels, 1);
    Tensor own = Tensor.full(rows.axis(1), DType.FLOAT64, 1, 1);
    Tensor all = Totals.of(layer + " sums", pass.concatenate(List.of(sums, own)), reducer, pass);
    double count = all.at(channels, 0);
    Tensor mean = pass.div(pass.range(all, 0, channels), Tensor.full(count, DType.FLOAT64));
    Tensor centred = pass.sub(rows, mean);
    Tensor grouped = pass.reshape(centred, groups, channels / groups, rows.axis(1));
    Tensor products = Products.matmul(grouped, grouped, false, true, pass);
    Tensor total = Totals.of(layer + " products", products, reducer, pass);
    return new Statistics((long) count, mean, centred, pass.mul(total, 1 / count));
  }

  /** {@code (covariance + eps I)^-1/2} of each group. */
  public static Tensor matrix(Tensor covariance, double eps, Root root, Pass pass) {
    Tensor sigma = pass.add(covariance, InverseRoot.identity(covariance.axis(1)).mul(eps));
    return switch (root) {
      case Root.Eigenvalues() -> InverseRoot.byEigenvalues(sigma, pass);
      case Root.Newton(int steps) -> InverseRoot.byNewton(sigma, steps, pass);
    };
  }

  /**
   * {@code matrix centred}, put back into the shape and type of the input.
   *
   * @param centred (C, M)
   * @param matrix (G, d, d)
   * @param input whose shape and type come out
   */
  public static Tensor apply(Tensor centred, Tensor matrix, Tensor input, Pass pass) {
    int groups = matrix.axis(0);
    Tensor grouped = pass.reshape(centred, groups, matrix.axis(1), centred.axis(1));
    Tensor y = pass.to(pass.matmul(matrix, grouped), input.dtype());
    Tensor split =
        pass.reshape(y, input.axis(1), input.axis(0), input.shape().span(2, input.rank()));
    return pass.reshape(pass.permute(split, 1, 0, 2), input.shape().toArray());
  }
}
