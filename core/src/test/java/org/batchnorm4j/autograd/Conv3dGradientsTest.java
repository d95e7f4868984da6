package org.batchnorm4j.autograd;

import static org.batchnorm4j.autograd.CentralDifferences.gaussian;

import org.batchnorm4j.nn.Conv3d;
import org.batchnorm4j.nn.Conv3dOptions;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Conv3dGradientsTest {

  @ParameterizedTest(name = "stride {0} padding {1} dilation {2} groups {3} bias {4} {5}")
  @CsvSource({
    "1, 0, 1, 1, true, CHANNELS_FIRST",
    "2, 1, 1, 2, true, CHANNELS_LAST",
    "1, 2, 2, 1, false, CHANNELS_FIRST"
  })
  void gradientsMatchCentralDifferences(
      int stride, int padding, int dilation, int groups, boolean bias, Layout layout) {
    Conv3dOptions options =
        Conv3dOptions.kernel(2, 1, 2)
            .withStride(stride, 1, stride)
            .withPadding(padding, 0, 1)
            .withDilation(dilation, 1, 1)
            .withGroups(groups)
            .withBias(bias)
            .withDtype(DType.FLOAT64);
    Conv3d layer = new Conv3d(2, 4, options, RandomStream.of(3));
    Tensor x = gaussian(1, layout, 2, 2, 3, 2, 3);
    Tensor w = layer.weight().value();
    Tensor[] inputs =
        layer.bias().map(b -> new Tensor[] {x, w, b.value()}).orElseGet(() -> new Tensor[] {x, w});
    CentralDifferences.Computation computation = (pass, in) -> layer.forward(in[0], pass);
    CentralDifferences.check(computation, inputs);
    CentralDifferences.checkTwice(computation, inputs);
  }
}
