package org.batchnorm4j.peers;

import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.nn.AvgPool1d;
import org.batchnorm4j.nn.AvgPool3d;
import org.batchnorm4j.nn.MaxPool1d;
import org.batchnorm4j.nn.MaxPool3d;
import org.batchnorm4j.nn.Module;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.global.torch;

/** Draws poolings; some windows are larger than the input, which both have to refuse. */
final class PoolingCases {
  private final LayerDraw draw;
  private final int axes;
  private final int kernel;
  private final int stride;
  private final int padding;
  private final int[] size;

  private PoolingCases(LayerDraw draw, int axes) {
    this.draw = draw;
    this.axes = axes;
    kernel = draw.size(1, 4);
    stride = draw.size(1, 3);
    padding = draw.size(0, kernel / 2);
    // some may be less than the window
    int least = draw.oneIn(20) ? 1 : kernel;
    size = draw.sizes(axes, least, kernel + (axes == 1 ? 10 : 4));
  }

  static LayerCase max1d(LayerDraw draw) {
    PoolingCases drawn = new PoolingCases(draw, 1);
    return drawn.choice(
        new MaxPool1d(drawn.kernel, drawn.stride, drawn.padding),
        (x, state) ->
            torch.max_pool1d(
                x.getFirst(),
                drawn.along(drawn.kernel),
                drawn.along(drawn.stride),
                drawn.along(drawn.padding),
                drawn.along(1),
                false));
  }

  static LayerCase max3d(LayerDraw draw) {
    PoolingCases drawn = new PoolingCases(draw, 3);
    return drawn.choice(
        new MaxPool3d(drawn.kernel, drawn.stride, drawn.padding),
        (x, state) ->
            torch.max_pool3d(
                x.getFirst(),
                drawn.along(drawn.kernel),
                drawn.along(drawn.stride),
                drawn.along(drawn.padding),
                drawn.along(1),
                false));
  }

  static LayerCase average1d(LayerDraw draw) {
    PoolingCases drawn = new PoolingCases(draw, 1);
    boolean counted = draw.oneIn(2);
    return drawn.average(
        new AvgPool1d(drawn.kernel, drawn.stride, drawn.padding, counted),
        counted,
        (x, state) ->
            torch.avg_pool1d(
                x.getFirst(),
                drawn.along(drawn.kernel),
                drawn.along(drawn.stride),
                drawn.along(drawn.padding),
                false,
                counted));
  }

  static LayerCase average3d(LayerDraw draw) {
    PoolingCases drawn = new PoolingCases(draw, 3);
    boolean counted = draw.oneIn(2);
    return drawn.average(
        new AvgPool3d(drawn.kernel, drawn.stride, drawn.padding, counted),
        counted,
        (x, state) ->
            torch.avg_pool3d(
                x.getFirst(),
                drawn.along(drawn.kernel),
                drawn.along(drawn.stride),
                drawn.along(drawn.padding),
                false,
                counted,
                new LongOptional()));
  }

  private long[] along(int value) {
    long[] values = new long[axes];
    Arrays.fill(values, value);
    return values;
  }

  private int window() {
    return (int) Math.pow(kernel, axes);
  }

  /** With many equal values: which of them gets the gradient is part of the agreement. */
  private LayerCase choice(Module layer, LayerCase.Theirs theirs) {
    return of(layer, "", draw.oneIn(2), theirs, new LayerTolerance.OfChoice(window()));
  }

  private LayerCase average(Module layer, boolean counted, LayerCase.Theirs theirs) {
    String text = " count_include_pad=" + counted;
    return of(layer, text, false, theirs, new LayerTolerance.OfSums(window()));
  }

  private LayerCase of(
      Module layer, String text, boolean ties, LayerCase.Theirs theirs, LayerTolerance tolerance) {
    long[] shape = LayerDraw.shape(draw.batch(), draw.size(1, 3), size);
    return new LayerCase(
        layer + text,
        draw.setting(),
        layer,
        List.of(ties ? draw.coarse(shape) : draw.normal(shape)),
        (x, pass) -> layer.forward(x.getFirst(), pass),
        theirs,
        tolerance);
  }
}
