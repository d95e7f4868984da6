package org.batchnorm4j.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Objects;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.optim.SGD;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

class CustomBatchNormTest {
  // 48 values of order 1 per sum in float32: a few dozen roundings of 6e-8 each
  private static final float ROUNDING = 1e-5f;

  private final Tensor x = Tensor.randn(RandomStream.of(5), 48, 6).mul(3).add(2);
  private final Tensor target = Tensor.randn(RandomStream.of(6), 48, 6);

  private static BatchNorm1d builtIn() {
    return new BatchNorm1d(
        6, BatchNormOptions.defaults().withRunningVariance(VarianceEstimator.BIASED));
  }

  private static Tensor state(Module module, String name) {
    return Objects.requireNonNull(module.stateDict().get(name));
  }

  @Test
  void outputAndGradientsAgreeWithTheBuiltInLayer() {
    Module custom = new CustomBatchNorm(6);
    Module builtIn = builtIn();
    Pass p = Pass.training();
    Pass q = Pass.training();
    p.watch(x);
    q.watch(x);
    Tensor mine = custom.forward(x, p);
    Tensor ours = builtIn.forward(x, q);
    assertArrayEquals(ours.toFloats(), mine.toFloats(), ROUNDING);
    Gradients a = p.backward(Functional.mseLoss(mine, target, p));
    Gradients b = q.backward(Functional.mseLoss(ours, target, q));
    assertArrayEquals(b.of(x).toFloats(), a.of(x).toFloats(), ROUNDING);
    for (String name : new String[] {"weight", "bias"}) {
      assertArrayEquals(
          b.of(state(builtIn, name)).toFloats(), a.of(state(custom, name)).toFloats(), ROUNDING);
    }
  }

  @Test
  void runningStatisticsAgreeAndServeInference() {
    Module custom = new CustomBatchNorm(6);
    Module builtIn = builtIn();
    for (int batch = 0; batch < 3; batch++) {
      Tensor part = x.range(16 * batch, 16 * batch + 16);
      custom.forward(part, Pass.training());
      builtIn.forward(part, Pass.training());
    }
    for (String name : new String[] {"running_mean", "running_var"}) {
      assertArrayEquals(
          state(builtIn, name).toFloats(), state(custom, name).toFloats(), ROUNDING, name);
    }
    assertArrayEquals(
        builtIn.forward(x, Pass.inference()).toFloats(),
        custom.forward(x, Pass.inference()).toFloats(),
        ROUNDING);
  }

  @Test
  void bothTrainAlike() {
    double mine = trainedLoss(new CustomBatchNorm(6));
    double ours = trainedLoss(builtIn());
    // 40 steps of rate 0.1 on a well-conditioned problem do not amplify rounding beyond 100 times
    assertEquals(ours, mine, 100 * ROUNDING);
    assertTrue(ours < 0.75 * Functional.mseLoss(x, target, Pass.inference()).item());
  }

  private double trainedLoss(Module norm) {
    Sequential model =
        new Sequential(
            new Linear(6, 6, false, RandomStream.of(7)),
            norm,
            new Linear(6, 6, true, RandomStream.of(8)));
    SGD optimizer = new SGD(model.parameters(), 0.1);
    double last = 0;
    for (int step = 0; step < 40; step++) {
      Pass pass = Pass.training();
      Tensor loss = Functional.mseLoss(model.forward(x, pass), target, pass);
      optimizer.step(pass.backward(loss));
      last = loss.item();
    }
    return last;
  }
}
