package org.batchnorm4j.nn.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Members;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Residual;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Where a finding begins and ends, on single norms. */
class DiagnosisEdgesTest {
  private final RandomStream random = RandomStream.of(8);

  private static BatchNorm1d norm(double mean, double variance) {
    BatchNorm1d norm = new BatchNorm1d(2, BatchNormOptions.defaults().withDtype(DType.FLOAT64));
    norm.runningMean().orElseThrow().fill(mean);
    norm.runningVar().orElseThrow().fill(variance);
    return norm;
  }

  /** Two channels of mean {@code mean} and biased variance 1. */
  private static Tensor around(double mean, int samples) {
    double[] values = new double[2 * samples];
    Arrays.setAll(values, i -> mean + (i / 2 % 2 == 0 ? 1 : -1));
    return Tensor.of(values, samples, 2);
  }

  private static Set<Symptom> symptoms(Module model, Tensor batch) {
    return symptoms(model, batch, DiagnosisLimits.defaults());
  }

  private static Set<Symptom> symptoms(Module model, Tensor batch, DiagnosisLimits limits) {
    return Diagnosis.diagnose(model, batch, limits, Backend.standard()).findings().stream()
        .map(Finding::symptom)
        .collect(Collectors.toCollection(() -> EnumSet.noneOf(Symptom.class)));
  }

  @Test
  void aVarianceOfEpsIsTiny() {
    double eps = 1e-5;
    Tensor constant = Tensor.zeros(DType.FLOAT64, 8, 2);
    assertTrue(symptoms(norm(0, eps), constant).contains(Symptom.TINY_VARIANCE));
    assertTrue(!symptoms(norm(0, 1.1 * eps), constant).contains(Symptom.TINY_VARIANCE));
  }

  @Test
  void statisticsAreFreshByMeanAndVariance() {
    assertEquals(Set.of(), symptoms(norm(0, 0.9), around(0, 8)));
    assertEquals(Set.of(), symptoms(norm(0.1, 1), around(0, 8)));
    assertEquals(Set.of(Symptom.NEVER_UPDATED), symptoms(norm(0, 1), around(0, 8)));
  }

  @Test
  void aMomentumThatMovesNothingIsNotInverted() {
    BatchNormOptions options = BatchNormOptions.defaults().withMomentum(0.9);
    BatchNorm1d norm = new BatchNorm1d(2, options.withTrackRunningStats(false));
    assertEquals(Set.of(), symptoms(norm, Tensor.randn(random, 16, 2)));
  }

  @Test
  void chanceShrinksWithTheNumberOfSamples() {
    // 1 deviation away: 0.5 + 4 / sqrt(8) is 1.9, 0.5 + 4 / sqrt(400) 0.7
    assertEquals(Set.of(), symptoms(norm(1, 1), around(0, 8)));
    assertEquals(Set.of(Symptom.FAR_STATISTICS), symptoms(norm(1, 1), around(0, 400)));
    // deviations that differ by 2.5: 2 e^(2 / sqrt(8)) is 4.1, 2 e^(2 / sqrt(400)) 2.2
    assertEquals(Set.of(), symptoms(norm(0, 0.16), around(0, 8)));
    assertEquals(Set.of(Symptom.FAR_STATISTICS), symptoms(norm(0, 0.16), around(0, 400)));
  }

  @Test
  void aLimitOfZeroFindsWhatIsThereAndNoMore() {
    DiagnosisLimits strict = DiagnosisLimits.defaults().withFarShare(0).withDeadShare(0);
    assertEquals(Set.of(), symptoms(norm(0.1, 1), around(0, 8), strict));
  }

  @Test
  void ofANormThatIsUsedTwiceTheFirstUseCounts() {
    BatchNorm1d shared = norm(5, 1);
    assertEquals(Set.of(), symptoms(new Sequential(shared, shared), around(5, 8)));
  }

  @Test
  void oneSampleIsTooFewAndNotDead() {
    BatchNorm1d norm = norm(0.1, 1);
    // a single sample has no variance, which is far from any
    DiagnosisLimits limits = DiagnosisLimits.defaults().withFarShare(2);
    Tensor one = Tensor.zeros(DType.FLOAT64, 1, 2);
    List<Finding> found = Diagnosis.diagnose(norm, one, limits, Backend.standard()).findings();
    assertEquals(1, found.size(), found::toString);
    assertEquals(Symptom.SMALL_BATCH, found.getFirst().symptom());
    assertEquals("1 sample, 1 values per channel", found.getFirst().detail());
    assertEquals(Set.of(Symptom.SMALL_BATCH), symptoms(norm, Tensor.zeros(DType.FLOAT64, 0, 2)));
  }

  @Test
  void aChannelOfNanIsNotDead() {
    BatchNorm1d norm = norm(0.1, 1);
    norm.weight().orElseThrow().value().range(0, 1).fill(Double.NaN);
    assertEquals(Set.of(Symptom.NOT_FINITE), symptoms(norm, around(0, 8)));
  }

  /** Has a norm and does not use it. */
  private static final class Idle implements Module {
    private final Members members = new Members("Idle");

    Idle() {
      members.child("unused", new BatchNorm1d(2));
    }

    @Override
    public Tensor forward(Tensor input, Pass pass) {
      return input;
    }

    @Override
    public Members members() {
      return members;
    }
  }

  @Test
  void aNormThatNothingReachesIsLookedAtToo() {
    List<Finding> found = Diagnosis.diagnose(new Idle(), around(0, 8)).findings();
    assertEquals(1, found.size(), found::toString);
    assertEquals(Symptom.NEVER_UPDATED, found.getFirst().symptom());
    assertEquals("unused", found.getFirst().path());
  }

  @Test
  void aBlockBetweenABiasAndANormKeepsThemApart() {
    BatchNorm2d norm = new BatchNorm2d(2);
    norm.runningMean().orElseThrow().fill(0.01);
    Sequential model =
        new Sequential(
            new Conv2d(1, 2, Conv2dOptions.kernel(1), random), new Residual(new ReLU()), norm);
    assertTrue(
        !symptoms(model, Tensor.randn(random, 16, 1, 2, 2)).contains(Symptom.CANCELLED_BIAS));
  }
}
