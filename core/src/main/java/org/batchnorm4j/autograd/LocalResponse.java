package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * Local response normalisation, {@code y = x / (k + alpha / n * s)^beta}, where {@code s} is the
 * sum of the squares of x over a window and n the number of places of the window, those beyond the
 * edge included (Krizhevsky, Sutskever and Hinton 2012, section 3.3). Gradients can be
 * differentiated again.
 *
 * <p>Computed in float64 whatever the type of x, and rounded once, so squares of 1e30 do not
 * overflow; it takes memory for some ten float64 tensors of the size of x while it is recorded.
 * Functions without state: safe for use by many threads.
 */
public final class LocalResponse {
  private LocalResponse() {}

  /**
   * The window lies across channels: from {@code before} channels back to {@code after} ahead.
   *
   * @param x (N, C, ...)
   * @param before channels before the own one, at least 0
   * @param after channels behind the own one, at least 0
   * @throws ShapeException if the rank is below 2
   * @throws IllegalArgumentException if x holds no floating-point values, or before or after is
   *     negative
   */
  public static Tensor acrossChannels(
      Tensor x, int before, int after, double alpha, double beta, double k, Pass pass) {
    if (x.rank() < 2) {
      throw new ShapeException(
          "local_response_norm expected at least 2D input (N, C), got shape " + x.shape());
    }
    Tensor wide = wide(x, pass);
    Tensor sums = windowSum(pass.square(wide), 1, before, after, pass);
    return divided(x, wide, sums, alpha / (1.0 + before + after), beta, k, pass);
  }

  /**
   * The window lies within each channel and spans rows and columns alike.
   *
   * @param x (N, C, H, W)
   * @param before places before the own one in both directions, at least 0
   * @param after places behind the own one in both directions, at least 0
   * @throws ShapeException if the rank is not 4
   * @throws IllegalArgumentException if x holds no floating-point values, or before or after is
   *     negative
   */
  public static Tensor withinChannels(
      Tensor x, int before, int after, double alpha, double beta, double k, Pass pass) {
    if (x.rank() != 4) {
      throw new ShapeException(
          "local_response_norm within channels expected 4D input (N, C, H, W), got shape "
              + x.shape());
    }
    Tensor wide = wide(x, pass);
    Tensor rows = windowSum(pass.square(wide), 2, before, after, pass);
    Tensor sums = windowSum(rows, 3, before, after, pass);
    double side = 1.0 + before + after;
    return divided(x, wide, sums, alpha / (side * side), beta, k, pass);
  }

  private static Tensor wide(Tensor x, Pass pass) {
    if (!x.dtype().isFloating()) {
      throw new IllegalArgumentException(
          "local_response_norm needs floating-point values, got "
              + x.dtype()
              + " of shape "
              + x.shape()
              + "; convert it with to(DType.FLOAT32)");
    }
    return pass.to(x, DType.FLOAT64);
  }

  private static Tensor divided(
      Tensor x, Tensor wide, Tensor sums, double factor, double beta, double k, Pass pass) {
    if (beta == 0) {
      return x; // anything to the power of 0 is 1, even a base of 0
    }
    Tensor base = pass.add(pass.mul(sums, factor), k);
    Tensor scale = pass.exp(pass.mul(pass.log(base), -beta));
    return pass.to(pass.mul(wide, scale), x.dtype());
  }

  /** A window sum is linear; backwards the window is mirrored. */
  private static Tensor windowSum(Tensor x, int axis, int before, int after, Pass pass) {
    return pass.record(
        "window sum",
        pass.backend().windowSum(x, axis, before, after),
        new Edge(x, (g, p) -> windowSum(g, axis, after, before, p)));
  }
}
