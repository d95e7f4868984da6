package org.batchnorm4j.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class LearningRateScheduleTest {

  @Test
  void stepDropsEveryFewSteps() {
    LearningRateSchedule schedule = new LearningRateSchedule.Step(1, 10, 0.5);
    assertEquals(1, schedule.at(9));
    assertEquals(0.5, schedule.at(10));
    assertEquals(0.25, schedule.at(29));
    assertThrows(IllegalArgumentException.class, () -> new LearningRateSchedule.Step(1, 0, 0.5));
  }

  @Test
  void cosineGoesFromTheFirstRateThroughTheMiddleToTheLast() {
    LearningRateSchedule schedule = new LearningRateSchedule.Cosine(1, 0.2, 100);
    assertEquals(1, schedule.at(0));
    assertEquals(0.6, schedule.at(50), 1e-12);
    assertEquals(0.2, schedule.at(100), 1e-12);
    assertEquals(0.2, schedule.at(1000), 1e-12);
  }

  @Test
  void oneCycleRisesToThePeakAndFallsToAlmostNothing() {
    LearningRateSchedule schedule = new LearningRateSchedule.OneCycle(1, 100);
    assertEquals(0.04, schedule.at(0), 1e-12);
    assertEquals(1, schedule.at(29), 1e-12); // 0.3 * 100 - 1
    assertEquals(0.52, schedule.at(14) / 2 + schedule.at(15) / 2, 1e-12); // half-way up
    assertEquals(4e-6, schedule.at(99), 1e-12);
    assertEquals(4e-6, schedule.at(1000), 1e-12);
  }

  @Test
  void ratesAndLengthsOutOfRangeAreRefused() {
    for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
      String rule = "learning rate must be finite and not negative, got " + bad;
      assertRefused(rule, () -> new LearningRateSchedule.Constant(bad));
      assertRefused(rule, () -> new LearningRateSchedule.Step(bad, 1, 0.5));
      assertRefused(rule, () -> new LearningRateSchedule.Cosine(bad, 0, 1));
      assertRefused("last " + rule, () -> new LearningRateSchedule.Cosine(1, bad, 1));
      assertRefused("largest " + rule, () -> new LearningRateSchedule.OneCycle(bad, 1));
      assertRefused(
          "factor of a step schedule must be finite and not negative, got " + bad,
          () -> new LearningRateSchedule.Step(1, 1, bad));
    }
    assertRefused(
        "steps between the drops of a step schedule must be at least 1, got 0",
        () -> new LearningRateSchedule.Step(1, 0, 0.5));
    String steps = "the steps of a schedule must be at least 1, got 0";
    assertRefused(steps, () -> new LearningRateSchedule.Cosine(1, 0, 0));
    assertRefused(steps, () -> new LearningRateSchedule.OneCycle(1, 0));
    for (LearningRateSchedule schedule :
        List.of(
            new LearningRateSchedule.Constant(1),
            new LearningRateSchedule.Step(1, 1, 1),
            new LearningRateSchedule.Cosine(1, 0, 1),
            new LearningRateSchedule.OneCycle(1, 1))) {
      assertRefused("the steps of a schedule count from 0, got -1", () -> schedule.at(-1));
    }
  }

  private static void assertRefused(String message, Executable use) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, use).getMessage());
  }

  @Test
  void constantStays() {
    assertEquals(0.3, new LearningRateSchedule.Constant(0.3).at(12345));
  }
}
