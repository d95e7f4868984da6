package org.batchnorm4j.nn.parallel;

import static org.batchnorm4j.autograd.Slopes.assertSlopes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import org.batchnorm4j.autograd.GradientTotal;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Whitening;
import org.batchnorm4j.nn.BatchRenorm;
import org.batchnorm4j.nn.BatchRenormLimits;
import org.batchnorm4j.nn.BatchWhitening;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.statistics.GhostBatches;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Batch renormalisation and whitening of batches in parts, in float64. */
class WiderFamilyInPartsTest {
  /** Some 100 roundings of 1.1e-16 in values of size 1 to 10, enlarged by 1 / deviation. */
  private static final double CLOSE = 1e-12;

  private static final int SAMPLES = 8;

  private enum Kind {
    RENORM,
    EIGENVALUES,
    NEWTON
  }

  /** With running statistics and parameters that show wherever they are used. */
  private static Module layer(Kind kind) {
    Module layer =
        switch (kind) {
          case RENORM -> new BatchRenorm(4, BatchRenormLimits.constant(1.5, 0.5), DType.FLOAT64);
          case EIGENVALUES -> whitening(new Whitening.Root.Eigenvalues());
          case NEWTON -> whitening(new Whitening.Root.Newton(5));
        };
    set(layer, "weight", 1.5, -0.7, 2, 1);
    set(layer, "bias", 0.2, 0, -1, 3);
    set(layer, "running_mean", 0.3, -2, 0.1, 1);
    if (kind == Kind.RENORM) {
      set(layer, "running_var", 0.5, 1.2, 50, 3);
    }
    return layer;
  }

  private static BatchWhitening whitening(Whitening.Root root) {
    return new BatchWhitening(4, 2, root, 1e-3, DType.FLOAT64);
  }

  private static void set(Module layer, String name, double... values) {
    layer.stateDict().get(name).copyFrom(Tensor.of(values, values.length));
  }

  private static Tensor random(long seed, long... shape) {
    return Tensor.randn(DType.FLOAT64, RandomStream.of(seed), shape);
  }

  /** Channels (N, 4, 3) that lean on each other, far from mean 0 and variance 1. */
  private static Tensor input() {
    double[] values = random(1, SAMPLES, 4, 3).toDoubles();
    for (int i = 0; i < values.length; i++) {
      int c = i / 3 % 4;
      values[i] = values[i] * (1 + c) + (c == 0 ? 5 : 0.8 * values[i - 3]);
    }
    return Tensor.of(values, SAMPLES, 4, 3);
  }

  // ---- parts that are normalised as one

  @ParameterizedTest
  @CsvSource({
    "RENORM, 0 3 8",
    "RENORM, 0 0 1 8 8",
    "EIGENVALUES, 0 3 8",
    "EIGENVALUES, 0 0 1 8 8",
    "NEWTON, 0 1 2 3 4 5 6 7 8",
    "NEWTON, 0 0 5 8"
  })
  void ranksAndMicroBatchesGiveWhatTheWholeBatchGives(Kind kind, String text) {
    Tensor x = input();
    Tensor g = random(2, SAMPLES, 4, 3);
    Module alone = layer(kind);
    Pass pass = Pass.training();
    pass.watch(x);
    Tensor y = alone.forward(x, pass);
    Gradients whole = pass.backward(y, g, false);
    int[] cuts = Arrays.stream(text.split(" ")).mapToInt(Integer::parseInt).toArray();
    Tensor[] parts = new Tensor[cuts.length - 1];
    Arrays.setAll(parts, i -> x.range(cuts[i], cuts[i + 1]).detach());
    Tensor[] outputs = new Tensor[parts.length];

    Module shared = layer(kind);
    List<Gradients> onRanks =
        Replicas.of(parts.length)
            .run(
                ranks -> {
                  int i = ranks.rank();
                  Pass own = Pass.training().withStatistics(SyncBatchNorm.over(ranks));
                  outputs[i] = shared.forward(own.watch(parts[i]), own);
                  return own.backward(outputs[i], g.range(cuts[i], cuts[i + 1]), false);
                });
    for (int i = 0; i < parts.length; i++) {
      assertClose(y.range(cuts[i], cuts[i + 1]), outputs[i], "output");
    }
    assertSame(alone, whole, x, shared, GradientTotal.of(onRanks), parts, cuts);

    Module repeated = layer(kind);
    VirtualBatch.Result inMicroBatches =
        new VirtualBatch()
            .gradients(
                parts.length,
                (i, own) -> {
                  Tensor out = repeated.forward(own.watch(parts[i]), own);
                  return own.sum(own.mul(out, g.range(cuts[i], cuts[i + 1])));
                });
    assertSame(alone, whole, x, repeated, inMicroBatches.gradients(), parts, cuts);
  }

  private static void assertSame(
      Module alone,
      Gradients whole,
      Tensor x,
      Module other,
      Gradients found,
      Tensor[] parts,
      int... cuts) {
    for (int i = 0; i < parts.length; i++) {
      assertClose(whole.of(x).range(cuts[i], cuts[i + 1]), found.of(parts[i]), "input gradient");
    }
    for (int i = 0; i < 2; i++) {
      assertClose(
          whole.of(alone.parameters().get(i).value()),
          found.of(other.parameters().get(i).value()),
          "parameter gradient");
    }
    Map<String, Tensor> state = other.stateDict();
    alone.stateDict().forEach((name, value) -> assertClose(value, state.get(name), name));
  }

  private static void assertClose(Tensor expected, Tensor actual, String what) {
    double[] wanted = expected.toDoubles();
    double[] found = actual.toDoubles();
    assertEquals(wanted.length, found.length, what);
    for (int i = 0; i < wanted.length; i++) {
      assertEquals(wanted[i], found[i], 10 * CLOSE * (1 + Math.abs(wanted[i])), what);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void oneValuePerChannelOnAllRanksIsRefusedOnAllRanks(Kind kind) {
    Module layer = layer(kind);
    Tensor one = Tensor.zeros(DType.FLOAT64, 1, 4);
    CollectiveException failure =
        assertThrows(
            CollectiveException.class,
            () ->
                Replicas.of(2)
                    .run(
                        ranks ->
                            layer.forward(
                                Shard.of(ranks, 1).of(one),
                                Pass.training().withStatistics(SyncBatchNorm.over(ranks)))));
    assertEquals(ShapeException.class, failure.getCause().getClass());
    assertTrue(
        failure.getCause().getMessage().contains(": expected more than 1 value per channel when"),
        failure.getMessage());
  }

  // ---- ghost batches, of 3 and of 5: what is left over joins the last

  private static final int[][] GHOSTS = {{0, 3}, {3, 8}};

  private static Pass ghosts() {
    return Pass.training().withStatistics(new GhostBatches(3));
  }

  /** Mean and biased variance of a channel in some samples. */
  private static double[] moments(Tensor x, int c, int... ghost) {
    double[] values = x.range(ghost[0], ghost[1]).toDoubles();
    double[] own = new double[3 * (ghost[1] - ghost[0])];
    Arrays.setAll(own, i -> values[i / 3 * 12 + 3 * c + i % 3]);
    double mean = Arrays.stream(own).average().orElseThrow();
    double m2 = Arrays.stream(own).map(v -> (v - mean) * (v - mean)).sum();
    return new double[] {mean, m2 / own.length};
  }

  @Test
  void renormCorrectsEachGhostBatchByWhatTheOnesBeforeMoved() {
    Module layer = layer(Kind.RENORM);
    double[] mean = layer.stateDict().get("running_mean").toDoubles();
    double[] variance = layer.stateDict().get("running_var").toDoubles();
    double[] weight = layer.stateDict().get("weight").toDoubles();
    double[] bias = layer.stateDict().get("bias").toDoubles();
    Tensor x = input();
    double[][] r = new double[2][4];
    double[][] d = new double[2][4];
    for (int k = 0; k < 2; k++) {
      for (int c = 0; c < 4; c++) {
        double[] own = moments(x, c, GHOSTS[k]);
        double usual = Math.sqrt(variance[c] + 1e-5);
        r[k][c] = Math.max(1 / 1.5, Math.min(1.5, Math.sqrt(own[1] + 1e-5) / usual));
        d[k][c] = Math.max(-0.5, Math.min(0.5, (own[0] - mean[c]) / usual));
        mean[c] = 0.99 * mean[c] + 0.01 * own[0];
        variance[c] = 0.99 * variance[c] + 0.01 * own[1];
      }
    }
    Tensor g = random(2, SAMPLES, 4, 3);
    DoubleSupplier definition =
        () -> {
          double sum = 0;
          for (int k = 0; k < 2; k++) {
            for (int c = 0; c < 4; c++) {
              double[] own = moments(x, c, GHOSTS[k]);
              for (int i = 3 * GHOSTS[k][0]; i < 3 * GHOSTS[k][1]; i++) {
                double xhat = (x.at(i / 3, c, i % 3) - own[0]) / Math.sqrt(own[1] + 1e-5);
                sum += ((xhat * r[k][c] + d[k][c]) * weight[c] + bias[c]) * g.at(i / 3, c, i % 3);
              }
            }
          }
          return sum;
        };
    Pass pass = ghosts();
    pass.watch(x);
    Tensor y = layer.forward(x, pass);
    assertEquals(definition.getAsDouble(), y.mul(g).sum().item(), 100 * CLOSE);
    assertSlopes(x, pass.backward(y, g, false).of(x), definition);
    for (int c = 0; c < 4; c++) {
      assertEquals(mean[c], layer.stateDict().get("running_mean").at(c), 10 * CLOSE);
      assertEquals(variance[c], layer.stateDict().get("running_var").at(c), 100 * CLOSE);
    }
    assertEquals(2, layer.stateDict().get("num_batches_tracked").item());
  }

  /** Mean of the product of two centred channels in some samples. */
  private static double covariance(Tensor x, int a, int b, int... ghost) {
    double first = moments(x, a, ghost)[0];
    double second = moments(x, b, ghost)[0];
    double sum = 0;
    for (int i = 3 * ghost[0]; i < 3 * ghost[1]; i++) {
      sum += (x.at(i / 3, a, i % 3) - first) * (x.at(i / 3, b, i % 3) - second);
    }
    return sum / (3 * (ghost[1] - ghost[0]));
  }

  @Test
  void whiteningTakesTheCovarianceOfEachGhostBatch() {
    Module layer = layer(Kind.EIGENVALUES);
    double[] weight = layer.stateDict().get("weight").toDoubles();
    double[] bias = layer.stateDict().get("bias").toDoubles();
    double[] mean = layer.stateDict().get("running_mean").toDoubles();
    double[] moved = layer.stateDict().get("running_covariance").toDoubles();
    Tensor x = input();
    Tensor y = layer.forward(x, ghosts());
    for (int[] ghost : GHOSTS) {
      for (int from = 0; from < 4; from += 2) {
        double a = covariance(x, from, from, ghost) + 1e-3;
        double b = covariance(x, from, from + 1, ghost);
        double c = covariance(x, from + 1, from + 1, ghost) + 1e-3;
        // the root of a symmetric 2x2 matrix is (M + sqrt(det) I) / sqrt(trace + 2 sqrt(det))
        double det = Math.sqrt(a * c - b * b);
        double scale = Math.sqrt(a + c + 2 * det);
        double p = (a + det) / scale;
        double q = b / scale;
        double s = (c + det) / scale;
        double inverse = 1 / (p * s - q * q);
        double first = moments(x, from, ghost)[0];
        double second = moments(x, from + 1, ghost)[0];
        for (int i = 3 * ghost[0]; i < 3 * ghost[1]; i++) {
          double u = x.at(i / 3, from, i % 3) - first;
          double v = x.at(i / 3, from + 1, i % 3) - second;
          double left = inverse * (s * u - q * v);
          double right = inverse * (p * v - q * u);
          assertEquals(left * weight[from] + bias[from], y.at(i / 3, from, i % 3), 100 * CLOSE);
          assertEquals(
              right * weight[from + 1] + bias[from + 1], y.at(i / 3, from + 1, i % 3), 100 * CLOSE);
        }
        mean[from] = 0.9 * mean[from] + 0.1 * first;
        mean[from + 1] = 0.9 * mean[from + 1] + 0.1 * second;
        double[] found = {a - 1e-3, b, b, c - 1e-3};
        for (int i = 0; i < 4; i++) {
          moved[2 * from + i] = 0.9 * moved[2 * from + i] + 0.1 * found[i];
        }
      }
    }
    assertClose(Tensor.of(mean, 4), layer.stateDict().get("running_mean"), "mean");
    Tensor matrices = layer.stateDict().get("running_covariance");
    assertClose(Tensor.of(moved, 2, 2, 2), matrices, "covariance");
  }

  @ParameterizedTest
  @ValueSource(strings = {"EIGENVALUES", "NEWTON"})
  void gradientsOfWhitenedGhostBatchesMatchCentralDifferences(Kind kind) {
    Module layer = layer(kind);
    Tensor x = input();
    Tensor g = random(2, SAMPLES, 4, 3);
    Pass pass = ghosts();
    pass.watch(x);
    Gradients gradients = pass.backward(layer.forward(x, pass), g, false);
    DoubleSupplier value = () -> layer.forward(x, ghosts().withoutTape()).mul(g).sum().item();
    assertSlopes(x, gradients.of(x), value);
    Tensor weight = layer.parameters().getFirst().value();
    assertSlopes(weight, gradients.of(weight), value);
  }
}
