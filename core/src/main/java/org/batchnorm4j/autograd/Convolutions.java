package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.ConvolutionGeometry;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * 2-D convolution. It and its two gradients are each linear in both operands, and the derivatives
 * of each are the other two, so gradients of any order exist.
 *
 * <p>Functions without state: safe for use by many threads.
 */
public final class Convolutions {
  private Convolutions() {}

  /**
   * Cross-correlation of x (N, C, H, W) with weight (O, C / groups, Kh, Kw), plus bias (O).
   *
   * @param bias (O), or null
   */
  public static Tensor conv2d(
      Tensor x, Tensor weight, @Nullable Tensor bias, ConvolutionGeometry geometry, Pass pass) {
    Tensor y = pass.backend().convolution(x, weight, bias, geometry);
    Edge toInput = new Edge(x, (g, p) -> inputGradient(g, weight, geometry, p));
    Edge toWeight = new Edge(weight, (g, p) -> weightGradient(x, g, geometry, p));
    if (bias == null) {
      return pass.record("conv2d", y, toInput, toWeight);
    }
    return pass.record("conv2d", y, toInput, toWeight, new Edge(bias, (g, p) -> p.sum(g, 0, 2, 3)));
  }

  /**
   * Transposed convolution: what {@link #conv2d} of the geometry does to gradients, plus bias.
   *
   * @param x (N, O, H', W'), of the shape of the geometry's output
   * @param weight (O, C / groups, Kh, Kw)
   * @param bias (C), or null
   * @return (N, C, H, W), of the shape of the geometry's input
   */
  public static Tensor convTranspose2d(
      Tensor x, Tensor weight, @Nullable Tensor bias, ConvolutionGeometry geometry, Pass pass) {
    Tensor y = inputGradient(x, weight, geometry, pass);
    return bias == null ? y : pass.add(y, pass.reshape(bias, bias.axis(0), 1, 1));
  }

  private static Tensor inputGradient(
      Tensor g, Tensor weight, ConvolutionGeometry geometry, Pass pass) {
    return pass.record(
        "conv2d input gradient",
        pass.backend().convolutionInputGradient(g, weight, geometry),
        new Edge(g, (gg, p) -> conv2d(gg, weight, null, geometry, p)),
        new Edge(weight, (gg, p) -> weightGradient(gg, g, geometry, p)));
  }

  private static Tensor weightGradient(
      Tensor x, Tensor g, ConvolutionGeometry geometry, Pass pass) {
    return pass.record(
        "conv2d weight gradient",
        pass.backend().convolutionWeightGradient(x, g, geometry),
        new Edge(x, (gg, p) -> inputGradient(g, gg, geometry, p)),
        new Edge(g, (gg, p) -> conv2d(x, gg, null, geometry, p)));
  }
}
