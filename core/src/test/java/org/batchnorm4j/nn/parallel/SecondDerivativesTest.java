package org.batchnorm4j.nn.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import org.batchnorm4j.autograd.GradientTotal;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Gradients of gradients of a batch in parts, against those of the whole batch in one pass, which
 * {@code BatchNormalizationGradientsTest} holds against central differences.
 */
class SecondDerivativesTest {
  private static final int SAMPLES = 8;
  private static final int CHANNELS = 3;

  private enum Fused {
    NO,
    RELU,
    ADD_RELU
  }

  private final Tensor x = random(1).mul(3).add(2);
  private final Tensor residual = random(2);
  private final Tensor g = random(3);
  private final Tensor direction = random(4);
  private final Tensor ofWeight = Tensor.of(new double[] {0.4, -1, 2}, CHANNELS);
  private final BatchNorm norm = norm();

  private static Tensor random(long seed) {
    return Tensor.randn(DType.FLOAT64, RandomStream.of(seed), SAMPLES, CHANNELS, 2, 3);
  }

  private static BatchNorm2d norm() {
    BatchNorm2d norm =
        new BatchNorm2d(CHANNELS, BatchNormOptions.defaults().withDtype(DType.FLOAT64));
    norm.weight().orElseThrow().value().copyFrom(Tensor.of(new double[] {1, -2, 0.5}, CHANNELS));
    norm.bias().orElseThrow().value().copyFrom(Tensor.of(new double[] {0.1, 0.3, -0.2}, CHANNELS));
    return norm;
  }

  private Tensor weight() {
    return norm.weight().orElseThrow().value();
  }

  /** A shard and what it is differentiated by. */
  private record Part(Tensor x, Tensor residual, Tensor g, Tensor direction) {}

  private Part part(Shard shard, Layout layout) {
    return new Part(
        shard.of(x).detach().to(layout),
        shard.of(residual).detach().to(layout),
        shard.of(g).detach(),
        shard.of(direction));
  }

  /** How steep the gradients are in some direction: a part's share of one number. */
  private Tensor steepness(Part part, Fused fused, Pass pass) {
    pass.watch(part.x());
    pass.watch(part.residual());
    pass.watch(part.g());
    Tensor y =
        switch (fused) {
          case NO -> norm.forward(part.x(), pass);
          case RELU -> norm.forwardRelu(part.x(), pass);
          case ADD_RELU -> norm.forwardAddRelu(part.x(), part.residual(), pass);
        };
    Gradients first = pass.backward(y, part.g(), true);
    Tensor along = pass.mul(pass.square(first.of(part.x())), part.direction());
    Tensor alongWeight = pass.mul(first.of(weight()), ofWeight);
    return pass.add(pass.sum(along), pass.sum(alongWeight));
  }

  private static int[] cuts(String text) {
    return Arrays.stream(text.split(" ")).mapToInt(Integer::parseInt).toArray();
  }

  @ParameterizedTest
  @CsvSource({
    "0 3 8, NO, CHANNELS_FIRST",
    "0 0 1 8, NO, CHANNELS_LAST",
    "0 3 3 8, RELU, CHANNELS_FIRST",
    "0 2 7 8, ADD_RELU, CHANNELS_LAST",
    "0 1 2 3 4 5 6 8, NO, CHANNELS_FIRST"
  })
  void ranksAndMicroBatchesGiveThoseOfTheWholeBatch(String text, Fused fused, Layout layout) {
    Part whole = part(new Shard(0, SAMPLES, SAMPLES), layout);
    Pass pass = Pass.training();
    Gradients expected = pass.backward(steepness(whole, fused, pass));
    int[] cuts = cuts(text);
    Part[] parts = new Part[cuts.length - 1];
    Arrays.setAll(parts, i -> part(new Shard(cuts[i], cuts[i + 1], SAMPLES), layout));
    List<Gradients> onRanks =
        Replicas.of(parts.length)
            .run(
                ranks -> {
                  Pass own = Pass.training().withStatistics(SyncBatchNorm.over(ranks));
                  return own.backward(steepness(parts[ranks.rank()], fused, own));
                });
    Gradients inMicroBatches =
        new VirtualBatch()
            .gradients(parts.length, (i, own) -> steepness(parts[i], fused, own))
            .gradients();
    for (Gradients found : List.of(GradientTotal.of(onRanks), inMicroBatches)) {
      assertClose(expected.of(weight()), found.of(weight()), 0);
      for (int i = 0; i < parts.length; i++) {
        assertClose(expected.of(whole.x()), found.of(parts[i].x()), cuts[i]);
        assertClose(expected.of(whole.g()), found.of(parts[i].g()), cuts[i]);
      }
    }
  }

  /** The rows of {@code expected} from one on. */
  private static void assertClose(Tensor expected, Tensor found, int from) {
    double[] wanted = expected.range(from, from + found.axis(0)).toDoubles();
    double[] values = found.toDoubles();
    double largest = Arrays.stream(expected.toDoubles()).map(Math::abs).max().orElse(0);
    for (int i = 0; i < wanted.length; i++) {
      // sums of 48 float64 terms in another order, some ten of them in a row, each of terms up to
      // ten times the sum: 10 * 10 * 48 * 1.1e-16
      assertEquals(wanted[i], values[i], 5e-13 * (largest + 1), "element " + i);
    }
  }
}
