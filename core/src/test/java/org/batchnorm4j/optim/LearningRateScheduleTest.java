package org.batchnorm4j.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

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
  void constantStays() {
    assertEquals(0.3, new LearningRateSchedule.Constant(0.3).at(12345));
  }
}
