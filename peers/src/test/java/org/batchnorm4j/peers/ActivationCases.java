package org.batchnorm4j.peers;

import java.util.List;
import java.util.OptionalInt;
import org.batchnorm4j.nn.Embedding;
import org.batchnorm4j.nn.GELU;
import org.batchnorm4j.nn.LeakyReLU;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Sigmoid;
import org.batchnorm4j.nn.Softmax;
import org.batchnorm4j.nn.Tanh;
import org.batchnorm4j.peers.LayerCase.Numbers;
import org.batchnorm4j.peers.LayerTolerance.OfValues;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;

/** Draws activations and embeddings. */
final class ActivationCases {
  private static final double FINE = 0x1p-53;

  private ActivationCases() {}

  /** The slope is rounded, and the product with it. */
  static LayerCase leakyRelu(LayerDraw draw) {
    double slope = draw.any(0.01, 0.2, 1.5, -0.3);
    return of(
        draw,
        new LeakyReLU(slope),
        (x, state) -> torch.leaky_relu(x.getFirst(), new Scalar(slope)),
        new OfValues((x, y, u) -> 4 * u * y, (x, slopeAt, u) -> 4 * u * slopeAt));
  }

  /** Power, sum and quotient; {@code 1 - y} is off by the rounding of y. */
  static LayerCase sigmoid(LayerDraw draw) {
    return of(
        draw,
        new Sigmoid(),
        (x, state) -> torch.sigmoid(x.getFirst()),
        new OfValues((x, y, u) -> 8 * u * y, (x, slope, u) -> 8 * u * 1 / (1 + Math.exp(-x))));
  }

  /** A few roundings; {@code 1 - y^2} is off by those of numbers up to 1. */
  static LayerCase tanh(LayerDraw draw) {
    return of(
        draw,
        new Tanh(),
        (x, state) -> torch.tanh(x.getFirst()),
        new OfValues((x, y, u) -> 8 * u * y, (x, slope, u) -> 16 * u));
  }

  /**
   * {@code x Phi(x)} is relatively precise with us; the judge's {@code 1 + erf} is off by a
   * rounding of 1. The gradient {@code Phi(x) + x phi(x)} has summands up to 1 and 1/4.
   */
  static LayerCase gelu(LayerDraw draw) {
    return of(
        draw,
        new GELU(),
        (x, state) -> torch.gelu(x.getFirst(), "none"),
        new OfValues((x, y, u) -> 8 * (u * y + FINE * Math.abs(x)), (x, slope, u) -> 10 * u));
  }

  /**
   * All in float64, rounded once: {@code s = sigmoid(t)} with {@code t = 2 sqrt(2 / pi) (x +
   * 0.044715 x^3)} is off by some roundings of 1, in the gradient {@code s + x t' s (1 - s)} times
   * {@code x t'}.
   */
  static LayerCase geluTanh(LayerDraw draw) {
    return of(
        draw,
        new GELU(GELU.Approximation.TANH),
        (x, state) -> torch.gelu(x.getFirst(), "tanh"),
        new OfValues(
            (x, y, u) -> 4 * u * y + 16 * FINE * Math.abs(x),
            (x, slope, u) -> {
              double steep = 1.6 * (Math.abs(x) + 3 * 0.044715 * Math.pow(Math.abs(x), 3));
              return 4 * u * slope + 16 * FINE * (1 + steep);
            }));
  }

  static LayerCase softmax(LayerDraw draw) {
    Numbers x = input(draw);
    int rank = x.shape().length;
    int axis = draw.size(0, rank - 1);
    Module layer = new Softmax(draw.oneIn(2) ? axis : axis - rank);
    return new LayerCase(
        layer.toString(),
        draw.setting(),
        layer,
        List.of(x),
        (in, pass) -> layer.forward(in.getFirst(), pass),
        (in, state) -> torch.softmax(in.getFirst(), axis),
        new LayerTolerance.OfSoftmax(axis));
  }

  static LayerCase embedding(LayerDraw draw) {
    int rows = draw.size(1, 6);
    int padding = draw.size(-rows, rows - 1);
    boolean padded = draw.oneIn(2);
    Module layer =
        new Embedding(
            rows,
            draw.size(1, 4),
            padded ? OptionalInt.of(padding) : OptionalInt.empty(),
            draw.type(),
            draw.stream());
    int row = padding < 0 ? padding + rows : padding;
    return new LayerCase(
        layer.toString(),
        draw.setting(),
        layer,
        List.of(draw.whole(rows, draw.batch(), draw.size(1, 5))),
        (in, pass) -> layer.forward(in.getFirst(), pass),
        (in, state) ->
            torch.embedding(state.get("weight"), in.getFirst(), padded ? row : -1, false, false),
        new LayerTolerance.OfSums(1));
  }

  private static Numbers input(LayerDraw draw) {
    long[] shape =
        LayerDraw.shape(draw.batch(), draw.size(1, 4), draw.sizes(draw.size(0, 2), 1, 5));
    return draw.scaled(draw.any(0.01, 1.0, 4.0), shape);
  }

  private static LayerCase of(
      LayerDraw draw, Module layer, LayerCase.Theirs theirs, LayerTolerance tolerance) {
    return new LayerCase(
        layer.toString(),
        draw.setting(),
        layer,
        List.of(input(draw)),
        (x, pass) -> layer.forward(x.getFirst(), pass),
        theirs,
        tolerance);
  }
}
