package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/** Sums, means and variances over axes. */
final class Reductions {
  private Reductions() {}

  static Tensor sum(Tensor x, int[] axes, boolean keepDims, Pass pass) {
    Shape kept = kept(x, axes);
    return pass.record(
        "sum",
        pass.backend().sum(x, axes, keepDims),
        new Edge(x, (g, p) -> p.expand(p.reshape(g, kept.toArray()), x.shape())));
  }

  static Tensor mean(Tensor x, int[] axes, boolean keepDims, Pass pass) {
    Shape kept = kept(x, axes);
    double weight = (double) kept.size() / x.size();
    return pass.record(
        "mean",
        pass.backend().mean(x, axes, keepDims),
        new Edge(x, (g, p) -> p.expand(p.mul(p.reshape(g, kept.toArray()), weight), x.shape())));
  }

  static Tensor var(Tensor x, boolean unbiased, int[] axes, boolean keepDims, Pass pass) {
    Shape kept = kept(x, axes);
    double count = (double) x.size() / kept.size();
    double weight = 2 / (unbiased ? count - 1 : count);
    // d var / dx = 2 (x - mean) / divisor; the mean's own part cancels
    return pass.record(
        "var",
        pass.backend().var(x, unbiased, axes, keepDims),
        new Edge(
            x,
            (g, p) ->
                p.mul(
                    p.sub(x, mean(x, axes, true, p)),
                    p.mul(p.reshape(g, kept.toArray()), weight))));
  }

  private static Shape kept(Tensor x, int... axes) {
    Shape kept = x.shape();
    for (int axis = 0; axis < x.rank() && axes.length == 0; axis++) {
      kept = kept.with(axis, 1);
    }
    for (int axis : axes) {
      kept = kept.with(axis, 1);
    }
    return kept;
  }
}
