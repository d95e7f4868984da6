package org.batchnorm4j.autograd;

import static org.batchnorm4j.autograd.CentralDifferences.awayFromZero;
import static org.batchnorm4j.autograd.CentralDifferences.gaussian;

import java.util.List;
import org.batchnorm4j.autograd.CentralDifferences.Computation;
import org.batchnorm4j.tensor.ConvolutionGeometry;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LayerOperationGradientsTest {
  private static final Layout LAST = Layout.CHANNELS_LAST;

  private record Case(String name, Computation computation, Tensor... inputs) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Case of(String name, Computation computation, Tensor... inputs) {
    return new Case(name, computation, inputs);
  }

  static List<Case> cases() {
    int[] rows = {2, 0, 2, -1, 3};
    ConvolutionGeometry strided = new ConvolutionGeometry(2, 4, 6, 5, 6, 3, 2, 2, 1, 1, 0, 1, 2, 2);
    return List.of(
        of("leaky relu", (p, x) -> Activations.leakyRelu(x[0], 0.2, p), awayFromZero(1, 3, 4)),
        of("gelu", (p, x) -> Activations.gelu(x[0], p), gaussian(2, LAST, 2, 3, 2)),
        of("gelu by tanh", (p, x) -> Activations.geluTanh(x[0], p), gaussian(3, 2, 3)),
        of("softmax", (p, x) -> Activations.softmax(x[0], -1, p), gaussian(4, 3, 4)),
        of(
            "softmax of channels",
            (p, x) -> Activations.softmax(x[0], 1, p),
            gaussian(5, LAST, 2, 3, 2)),
        of("rows", (p, x) -> p.square(Rows.gather(x[0], rows, p)), gaussian(6, 4, 2, 3)),
        of("range", (p, x) -> p.square(p.range(x[0], 1, 3)), gaussian(7, 4, 2)),
        of(
            "concatenate",
            (p, x) -> p.square(p.concatenate(List.of(x[0], x[1], x[0]))),
            gaussian(8, 2, 3),
            gaussian(9, 1, 3)),
        of(
            "transposed convolution",
            (p, x) -> Convolutions.convTranspose2d(x[0], x[1], x[2], strided, p),
            gaussian(10, LAST, 2, 6, 3, 3),
            gaussian(11, 6, 2, 3, 2),
            gaussian(12, 4)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void gradientMatchesCentralDifferences(Case tested) {
    CentralDifferences.check(tested.computation(), tested.inputs());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void gradientOfTheGradientMatchesCentralDifferences(Case tested) {
    CentralDifferences.checkTwice(tested.computation(), tested.inputs());
  }
}
