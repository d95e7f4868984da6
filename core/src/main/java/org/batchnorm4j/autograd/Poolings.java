package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.MaxPooled;
import org.batchnorm4j.tensor.PoolGeometry;
import org.batchnorm4j.tensor.Tensor;

/**
 * 2-D pooling; the maxima stay where they were under differentiation. Functions without state: safe
 * for use by many threads.
 */
public final class Poolings {
  private Poolings() {}

  /** Largest value of each window. */
  public static Tensor maxPool2d(Tensor x, PoolGeometry geometry, Pass pass) {
    MaxPooled pooled = pass.backend().maxPool(x, geometry);
    return pass.record("max_pool2d", pooled.output(), new Edge(x, (g, p) -> scatter(g, pooled, p)));
  }

  private static Tensor scatter(Tensor g, MaxPooled pooled, Pass pass) {
    return pass.record(
        "max_pool2d backward",
        pass.backend().maxPoolGradient(g, pooled),
        new Edge(g, (gg, p) -> gather(gg, pooled, p)));
  }

  private static Tensor gather(Tensor x, MaxPooled pooled, Pass pass) {
    return pass.record(
        "max_pool2d gather",
        pass.backend().maxPoolGather(x, pooled),
        new Edge(x, (g, p) -> scatter(g, pooled, p)));
  }

  /** Mean of each window. */
  public static Tensor averagePool2d(Tensor x, PoolGeometry geometry, Pass pass) {
    return pass.record(
        "avg_pool2d",
        pass.backend().averagePool(x, geometry),
        new Edge(x, (g, p) -> averageGradient(g, geometry, p)));
  }

  private static Tensor averageGradient(Tensor g, PoolGeometry geometry, Pass pass) {
    return pass.record(
        "avg_pool2d backward",
        pass.backend().averagePoolGradient(g, geometry),
        new Edge(g, (gg, p) -> averagePool2d(gg, geometry, p)));
  }
}
