package org.batchnorm4j.autograd;

import static org.batchnorm4j.autograd.CentralDifferences.gaussian;

import org.batchnorm4j.tensor.ConvolutionGeometry;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConvolutionGradientsTest {

  @ParameterizedTest(
      name = "stride {0}x{1} padding {2}x{3} dilation {4}x{5} groups {6} bias {7} {8}")
  @CsvSource({
    "1,1, 0,0, 1,1, 1, true, CHANNELS_FIRST",
    "2,1, 1,0, 1,1, 1, false, CHANNELS_FIRST",
    "1,2, 1,2, 2,1, 1, true, CHANNELS_LAST",
    "2,2, 2,1, 1,2, 2, true, CHANNELS_FIRST",
    "1,1, 1,1, 1,1, 4, false, CHANNELS_LAST",
  })
  void gradientsMatchCentralDifferences(
      int strideH,
      int strideW,
      int paddingH,
      int paddingW,
      int dilationH,
      int dilationW,
      int groups,
      boolean bias,
      Layout layout) {
    ConvolutionGeometry geometry =
        new ConvolutionGeometry(
            2, 4, 4, 5, 4, 2, 3, strideH, strideW, paddingH, paddingW, dilationH, dilationW,
            groups);
    Tensor x = gaussian(1, layout, 2, 4, 4, 5);
    Tensor weight = gaussian(2, layout, 4, 4 / groups, 2, 3);
    CentralDifferences.Computation computation =
        (pass, in) -> Convolutions.conv2d(in[0], in[1], bias ? in[2] : null, geometry, pass);
    Tensor[] inputs = bias ? new Tensor[] {x, weight, gaussian(3, 4)} : new Tensor[] {x, weight};
    CentralDifferences.check(computation, inputs);
    CentralDifferences.checkTwice(computation, inputs);
  }
}
