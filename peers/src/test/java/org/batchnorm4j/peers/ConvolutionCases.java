package org.batchnorm4j.peers;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.nn.Conv1d;
import org.batchnorm4j.nn.Conv1dOptions;
import org.batchnorm4j.nn.Conv3d;
import org.batchnorm4j.nn.Conv3dOptions;
import org.batchnorm4j.nn.ConvTranspose2d;
import org.batchnorm4j.nn.ConvTranspose2dOptions;
import org.batchnorm4j.nn.Module;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Draws convolutions; some do not fit their input, which both have to refuse. */
final class ConvolutionCases {
  private final LayerDraw draw;
  private final int groups;
  private final int in;
  private final int out;
  private final boolean bias;
  private final int[] size;
  private final int[] kernel;
  private final int[] stride;
  private final int[] padding;
  private final int[] dilation;

  private ConvolutionCases(LayerDraw draw, int axes) {
    this.draw = draw;
    groups = draw.size(1, 3);
    in = groups * draw.size(1, 2);
    out = groups * draw.size(1, 3);
    bias = !draw.oneIn(3);
    size = draw.sizes(axes, 2, axes == 1 ? 12 : 7);
    kernel = draw.sizes(axes, 1, 3);
    stride = draw.sizes(axes, 1, 3);
    padding = draw.sizes(axes, 0, 2);
    dilation = draw.sizes(axes, 1, 2);
  }

  static LayerCase conv1d(LayerDraw draw) {
    ConvolutionCases drawn = new ConvolutionCases(draw, 1);
    Conv1dOptions options =
        Conv1dOptions.kernel(drawn.kernel[0])
            .withStride(drawn.stride[0])
            .withPadding(drawn.padding[0])
            .withDilation(drawn.dilation[0])
            .withGroups(drawn.groups)
            .withBias(drawn.bias)
            .withDtype(draw.type());
    return drawn.of(
        new Conv1d(drawn.in, drawn.out, options, draw.stream()),
        (x, state) ->
            torch.conv1d(
                x.getFirst(),
                state.get("weight"),
                bias(state),
                longs(drawn.stride),
                longs(drawn.padding),
                longs(drawn.dilation),
                drawn.groups));
  }

  static LayerCase conv3d(LayerDraw draw) {
    ConvolutionCases drawn = new ConvolutionCases(draw, 3);
    int[] k = drawn.kernel;
    int[] s = drawn.stride;
    int[] p = drawn.padding;
    int[] d = drawn.dilation;
    Conv3dOptions options =
        Conv3dOptions.kernel(k[0], k[1], k[2])
            .withStride(s[0], s[1], s[2])
            .withPadding(p[0], p[1], p[2])
            .withDilation(d[0], d[1], d[2])
            .withGroups(drawn.groups)
            .withBias(drawn.bias)
            .withDtype(draw.type());
    return drawn.of(
        new Conv3d(drawn.in, drawn.out, options, draw.stream()),
        (x, state) ->
            torch.conv3d(
                x.getFirst(),
                state.get("weight"),
                bias(state),
                longs(s),
                longs(p),
                longs(d),
                drawn.groups));
  }

  static LayerCase convTranspose2d(LayerDraw draw) {
    ConvolutionCases drawn = new ConvolutionCases(draw, 2);
    int[] added = {draw.size(0, drawn.stride[0] - 1), draw.size(0, drawn.stride[1] - 1)};
    ConvTranspose2dOptions options =
        ConvTranspose2dOptions.kernel(drawn.kernel[0], drawn.kernel[1])
            .withStride(drawn.stride[0], drawn.stride[1])
            .withPadding(drawn.padding[0], drawn.padding[1])
            .withOutputPadding(added[0], added[1])
            .withDilation(drawn.dilation[0], drawn.dilation[1])
            .withGroups(drawn.groups)
            .withBias(drawn.bias)
            .withDtype(draw.type());
    return drawn.of(
        new ConvTranspose2d(drawn.in, drawn.out, options, draw.stream()),
        (x, state) ->
            torch.conv_transpose2d(
                x.getFirst(),
                state.get("weight"),
                bias(state),
                longs(drawn.stride),
                longs(drawn.padding),
                longs(added),
                drawn.groups,
                longs(drawn.dilation)));
  }

  private LayerCase of(Module layer, LayerCase.Theirs theirs) {
    int batch = draw.batch();
    return new LayerCase(
        layer.toString(),
        draw.setting(),
        layer,
        List.of(draw.normal(LayerDraw.shape(batch, in, size))),
        (x, pass) -> layer.forward(x.getFirst(), pass),
        theirs,
        new LayerTolerance.OfSums(1));
  }

  private static TensorOptional bias(Map<String, Tensor> state) {
    Tensor bias = state.get("bias");
    return bias == null ? new TensorOptional() : new TensorOptional(bias);
  }

  static long[] longs(int... values) {
    return Arrays.stream(values).asLongStream().toArray();
  }
}
