package org.batchnorm4j.training;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.batchnorm4j.optim.LearningRateSchedule;

/** The schedules of the learning rate by name, laid over a whole run. Immutable. */
public enum ScheduleKind {
  /** The same rate throughout. The only one that does not depend on the number of epochs. */
  CONSTANT,
  /** A tenth of the rate after each third of the run. */
  STEP,
  /** Half a cosine from the rate down to 0. */
  COSINE,
  /** Up to the rate in the first 30 % of the run, then down to almost 0. */
  ONECYCLE;

  private static final double DROP = 0.1;
  private static final int STAIRS = 3;

  /** Returns the word that chooses this schedule, such as {@code cosine}. */
  public String option() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the words of all schedules. */
  public static List<String> options() {
    return Arrays.stream(values()).map(ScheduleKind::option).toList();
  }

  /**
   * Returns the schedule of a name.
   *
   * @throws IllegalArgumentException if there is none; the message lists all
   */
  public static ScheduleKind named(String option) {
    for (ScheduleKind kind : values()) {
      if (kind.option().equals(option)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "there is no schedule \"" + option + "\"; choose one of " + String.join(", ", options()));
  }

  /**
   * Returns the rates of a run.
   *
   * @param rate the largest rate
   * @param steps steps of the whole run, at least 1
   */
  LearningRateSchedule over(double rate, long steps) {
    return switch (this) {
      case CONSTANT -> new LearningRateSchedule.Constant(rate);
      case STEP -> new LearningRateSchedule.Step(rate, Math.ceilDiv(steps, STAIRS), DROP);
      case COSINE -> new LearningRateSchedule.Cosine(rate, 0, steps);
      case ONECYCLE -> new LearningRateSchedule.OneCycle(rate, steps);
    };
  }
}
