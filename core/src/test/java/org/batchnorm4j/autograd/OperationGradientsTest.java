package org.batchnorm4j.autograd;

import static org.batchnorm4j.autograd.CentralDifferences.awayFromZero;
import static org.batchnorm4j.autograd.CentralDifferences.distinct;
import static org.batchnorm4j.autograd.CentralDifferences.gaussian;
import static org.batchnorm4j.autograd.CentralDifferences.positive;

import java.util.List;
import org.batchnorm4j.autograd.CentralDifferences.Computation;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.PoolGeometry;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OperationGradientsTest {
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

  static List<Case> elementwise() {
    return List.of(
        of("add", (p, x) -> p.add(x[0], x[1]), gaussian(1, 2, 3), gaussian(2, 2, 3)),
        of("add rows", (p, x) -> p.add(x[0], x[1]), gaussian(1, 3), gaussian(2, 2, 3)),
        of(
            "add layouts",
            (p, x) -> p.add(x[0], x[1]),
            gaussian(1, LAST, 2, 2, 3),
            gaussian(2, 2, 1)),
        of("sub", (p, x) -> p.sub(x[0], x[1]), gaussian(3, 2, 1, 3), gaussian(4, 2, 1)),
        of("mul", (p, x) -> p.mul(x[0], x[1]), gaussian(5, LAST, 2, 3, 2), gaussian(6, 2, 3, 2)),
        of(
            "mul by channel",
            (p, x) -> p.mul(x[0], x[1]),
            gaussian(5, LAST, 2, 3, 2),
            gaussian(6, 3, 1)),
        of("mul by itself", (p, x) -> p.mul(x[0], x[0]), gaussian(7, 4)),
        of("div", (p, x) -> p.div(x[0], x[1]), gaussian(8, 2, 3), positive(9, 2, 3)),
        of("div by column", (p, x) -> p.div(x[0], x[1]), gaussian(8, 2, 3), positive(9, 2, 1)),
        of("div a row", (p, x) -> p.div(x[0], x[1]), gaussian(8, 3), positive(9, 2, 3)),
        of("add a number", (p, x) -> p.add(x[0], 2.5), gaussian(10, 3)),
        of("mul by a number", (p, x) -> p.mul(x[0], -2.5), gaussian(10, 3)),
        of(
            "maximum",
            (p, x) -> p.maximum(x[0], x[1]),
            distinct(11, LAST, 2, 2, 3),
            Tensor.full(0.63, DType.FLOAT64, 2, 1)),
        of("neg", (p, x) -> p.neg(x[0]), gaussian(12, 2, 3)),
        of("abs", (p, x) -> p.abs(x[0]), awayFromZero(13, 2, 3)),
        of("exp", (p, x) -> p.exp(x[0]), gaussian(14, LAST, 2, 3, 2)),
        of("log", (p, x) -> p.log(x[0]), positive(15, 2, 3)),
        of("sqrt", (p, x) -> p.sqrt(x[0]), positive(16, 2, 3)),
        of("square", (p, x) -> p.square(x[0]), gaussian(17, 2, 3)),
        of("tanh", (p, x) -> p.tanh(x[0]), gaussian(18, 2, 3)),
        of("sigmoid", (p, x) -> p.sigmoid(x[0]), gaussian(19, 2, 3)),
        of("relu", (p, x) -> p.relu(x[0]), awayFromZero(20, 3, 4)),
        of(
            "a tensor used twice",
            (p, x) -> p.add(p.mul(x[0], p.exp(x[0])), p.div(x[1], p.add(p.square(x[0]), 1))),
            gaussian(21, 2, 2),
            gaussian(22, 2, 2)));
  }

  static List<Case> shaping() {
    return List.of(
        of("sum", (p, x) -> p.sum(p.square(x[0])), gaussian(31, 2, 3)),
        of("sum of an axis", (p, x) -> p.sum(p.square(x[0]), 1), gaussian(32, LAST, 2, 3, 2)),
        of("sum of axes", (p, x) -> p.sum(p.square(x[0]), 0, -1), gaussian(33, LAST, 2, 3, 2, 2)),
        of("mean", (p, x) -> p.mean(p.exp(x[0])), gaussian(34, 2, 3)),
        of("mean of axes", (p, x) -> p.mean(p.exp(x[0]), -1, 0), gaussian(35, LAST, 2, 3, 2)),
        of("var", (p, x) -> p.var(x[0], false), gaussian(36, 2, 3)),
        of("unbiased var", (p, x) -> p.var(x[0], true, 0, 2), gaussian(37, LAST, 2, 3, 2)),
        of("var of a row", (p, x) -> p.var(p.tanh(x[0]), false, -1), gaussian(38, 2, 4)),
        of("reshape", (p, x) -> p.square(p.reshape(x[0], 4, -1)), gaussian(39, LAST, 2, 3, 2)),
        of("permute", (p, x) -> p.square(p.permute(x[0], 2, 0, -2)), gaussian(40, LAST, 2, 3, 2)),
        of("expand", (p, x) -> p.square(p.expand(x[0], Shape.of(4, 2, 3))), gaussian(41, 2, 1)),
        of("expand to itself", (p, x) -> p.expand(p.square(x[0]), Shape.of(2)), gaussian(42, 2)));
  }

  static List<Case> products() {
    return List.of(
        of("matmul", (p, x) -> p.matmul(x[0], x[1]), gaussian(51, 2, 3), gaussian(52, 3, 4)),
        of(
            "matmul of rows",
            (p, x) -> p.matmul(x[0], x[1]),
            gaussian(53, LAST, 2, 2, 3),
            gaussian(54, 3, 2)),
        of(
            "matmul of batches",
            (p, x) -> p.matmul(x[0], x[1]),
            gaussian(55, 2, 2, 3),
            gaussian(56, LAST, 2, 3, 2)),
        of(
            "matmul T-",
            (p, x) -> Products.matmul(x[0], x[1], true, false, p),
            gaussian(57, 3, 2),
            gaussian(58, 3, 4)),
        of(
            "matmul -T",
            (p, x) -> Products.matmul(x[0], x[1], false, true, p),
            gaussian(59, 2, 3),
            gaussian(60, 4, 3)),
        of(
            "matmul TT",
            (p, x) -> Products.matmul(x[0], x[1], true, true, p),
            gaussian(61, 3, 2),
            gaussian(62, 4, 3)),
        of(
            "matmul TT of batches",
            (p, x) -> Products.matmul(x[0], x[1], true, true, p),
            gaussian(61, 2, 3, 2),
            gaussian(62, 2, 4, 3)),
        of("matmul by itself", (p, x) -> p.matmul(x[0], x[0]), gaussian(63, 2, 2)),
        of(
            "linear",
            (p, x) -> Products.linear(x[0], x[1], x[2], p),
            gaussian(64, 2, 3),
            gaussian(65, 4, 3),
            gaussian(66, 4)),
        of(
            "linear of rank 3",
            (p, x) -> Products.linear(x[0], x[1], x[2], p),
            gaussian(67, 2, 2, 3),
            gaussian(68, 4, 3),
            gaussian(69, 4)),
        of(
            "linear, no bias",
            (p, x) -> Products.linear(x[0], x[1], null, p),
            gaussian(67, 2, 3),
            gaussian(68, 4, 3)));
  }

  static List<Case> poolingsAndObjectives() {
    PoolGeometry plain = new PoolGeometry(4, 5, 2, 2, 2, 2, 0, 0, true);
    PoolGeometry overlapping = new PoolGeometry(4, 5, 3, 2, 1, 2, 1, 1, true);
    PoolGeometry uncounted = new PoolGeometry(4, 5, 3, 2, 1, 2, 1, 1, false);
    Tensor labels = Tensor.of(new long[] {2, 0, 1}, 3);
    return List.of(
        of(
            "max pooling",
            (p, x) -> Poolings.maxPool2d(x[0], plain, p),
            distinct(71, Layout.CHANNELS_FIRST, 2, 2, 4, 5)),
        of(
            "max pooling, overlapping",
            (p, x) -> p.square(Poolings.maxPool2d(x[0], overlapping, p)),
            distinct(72, LAST, 2, 2, 4, 5)),
        of(
            "average pooling",
            (p, x) -> p.square(Poolings.averagePool2d(x[0], plain, p)),
            gaussian(73, 2, 2, 4, 5)),
        of(
            "average pooling, overlapping",
            (p, x) -> p.square(Poolings.averagePool2d(x[0], overlapping, p)),
            gaussian(74, LAST, 2, 2, 4, 5)),
        of(
            "average pooling, padding uncounted",
            (p, x) -> Poolings.averagePool2d(x[0], uncounted, p),
            gaussian(75, 2, 2, 4, 5)),
        of("cross entropy", (p, x) -> Objectives.crossEntropy(x[0], labels, p), gaussian(76, 3, 4)),
        of(
            "mean squared error",
            (p, x) -> Objectives.meanSquaredError(x[0], x[1], p),
            gaussian(77, 3, 2),
            gaussian(78, 3, 2)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"elementwise", "shaping", "products", "poolingsAndObjectives"})
  void gradientMatchesCentralDifferences(Case tested) {
    CentralDifferences.check(tested.computation(), tested.inputs());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"elementwise", "shaping", "products", "poolingsAndObjectives"})
  void gradientOfTheGradientMatchesCentralDifferences(Case tested) {
    CentralDifferences.checkTwice(tested.computation(), tested.inputs());
  }
}
