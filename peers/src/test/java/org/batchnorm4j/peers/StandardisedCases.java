package org.batchnorm4j.peers;

import java.util.List;
import java.util.Map;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.WeightStandardizedConv2d;
import org.batchnorm4j.nn.WeightStandardizedLinear;
import org.batchnorm4j.peers.LayerCase.Numbers;
import org.batchnorm4j.peers.LayerCase.Theirs;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Draws layers with standardised weights, which are put together from operations of libtorch. */
final class StandardisedCases {
  private StandardisedCases() {}

  static LayerCase conv2d(LayerDraw draw) {
    int groups = draw.size(1, 2);
    int in = groups * draw.size(1, 3);
    int out = groups * draw.size(1, 3);
    int stride = draw.size(1, 2);
    int padding = draw.size(0, 2);
    int[] kernel = {draw.size(2, 3), draw.size(1, 3)}; // at least 2 weights per output
    Conv2dOptions options =
        Conv2dOptions.kernel(kernel[0], kernel[1])
            .withStride(stride)
            .withPadding(padding)
            .withGroups(groups)
            .withBias(!draw.oneIn(3))
            .withDtype(draw.type());
    int[] size = draw.sizes(2, 3, 7);
    return of(
        draw,
        new WeightStandardizedConv2d(in, out, options, draw.stream()),
        draw.normal(LayerDraw.shape(draw.batch(), in, size)),
        (x, state) ->
            torch.conv2d(
                x.getFirst(),
                state.get("weight"),
                bias(state),
                new long[] {stride, stride},
                new long[] {padding, padding},
                new long[] {1, 1},
                groups));
  }

  static LayerCase linear(LayerDraw draw) {
    int in = draw.size(2, 7);
    boolean bias = !draw.oneIn(3);
    return of(
        draw,
        new WeightStandardizedLinear(in, draw.size(1, 4), bias, draw.type(), draw.stream()),
        draw.normal(draw.batch(), in),
        (x, state) -> torch.linear(x.getFirst(), state.get("weight"), bias(state)));
  }

  private static LayerCase of(LayerDraw draw, Module layer, Numbers input, Theirs plain) {
    return new LayerCase(
        layer.toString(),
        draw.setting(),
        layer,
        List.of(input),
        (x, pass) -> layer.forward(x.getFirst(), pass),
        (x, state) -> plain.apply(x, standardised(state)),
        new LayerTolerance.OfStandardised(plain));
  }

  private static Map<String, Tensor> standardised(Map<String, Tensor> state) {
    Tensor weight = state.get("weight");
    Tensor rows = torch.flatten(weight, 1, -1);
    Tensor mean = torch.mean(rows, new long[] {1}, true, new ScalarTypeOptional());
    Tensor variance = torch.var(rows, new long[] {1}, false, true);
    Tensor used = rows.sub(mean).div(torch.sqrt(variance.add(new Scalar(1e-5))));
    Tensor shaped = used.reshape_as(weight);
    Tensor bias = state.get("bias");
    return bias == null ? Map.of("weight", shaped) : Map.of("weight", shaped, "bias", bias);
  }

  private static TensorOptional bias(Map<String, Tensor> state) {
    Tensor bias = state.get("bias");
    return bias == null ? new TensorOptional() : new TensorOptional(bias);
  }
}
