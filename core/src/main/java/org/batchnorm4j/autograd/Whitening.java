package org.batchnorm4j.autograd;

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

  /** Mean (C, 1) of each row. */
  public static Tensor mean(Tensor rows, Pass pass) {
    return pass.reshape(pass.mean(rows, 1), rows.axis(0), 1);
  }

  /** Covariance (G, d, d) of rows (C, M) whose mean is 0, divided by M. */
  public static Tensor covariance(Tensor centred, int groups, Pass pass) {
    long count = centred.axis(1);
    Tensor grouped = pass.reshape(centred, groups, centred.axis(0) / groups, count);
    return pass.mul(Products.matmul(grouped, grouped, false, true, pass), 1.0 / count);
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
