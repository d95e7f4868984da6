package org.batchnorm4j.optim;

/**
 * The learning rate as a pure function of the step, so that a resumed run needs no state. Immutable
 * and safe for use by many threads.
 */
public sealed interface LearningRateSchedule {

  /**
   * The learning rate of a step.
   *
   * @param step from 0
   * @throws IllegalArgumentException if the step is negative
   */
  double at(long step);

  /**
   * The same rate for ever. Immutable and safe for use by many threads.
   *
   * @param rate the rate
   */
  record Constant(double rate) implements LearningRateSchedule {
    /** Checks the rate. */
    public Constant {
      ParameterState.checkedRate(rate);
    }

    @Override
    public double at(long step) {
      requireStep(step);
      return rate;
    }
  }

  /**
   * {@code rate * gamma^floor(step / every)}: PyTorch's {@code StepLR}. Immutable and safe for use
   * by many threads.
   *
   * @param rate first rate
   * @param every steps between drops, at least 1
   * @param gamma factor of each drop
   */
  record Step(double rate, long every, double gamma) implements LearningRateSchedule {
    /** Checks rate, interval and factor. */
    public Step {
      ParameterState.checkedRate(rate);
      ParameterState.checkedSize("factor of a step schedule", gamma);
      if (every < 1) {
        throw new IllegalArgumentException(
            "steps between the drops of a step schedule must be at least 1, got " + every);
      }
    }

    @Override
    public double at(long step) {
      requireStep(step);
      long drops = step / every;
      return rate * StrictMath.pow(gamma, (double) drops);
    }
  }

  /**
   * {@code least + (rate - least) (1 + cos(pi step / total)) / 2}, then {@code least}: PyTorch's
   * {@code CosineAnnealingLR} (Loshchilov and Hutter 2017, equation 5). Immutable and safe for use
   * by many threads.
   *
   * @param rate first rate
   * @param least last rate
   * @param total steps until the last rate, at least 1
   */
  record Cosine(double rate, double least, long total) implements LearningRateSchedule {
    /** Checks rates and length. */
    public Cosine {
      ParameterState.checkedRate(rate);
      ParameterState.checkedSize("last learning rate", least);
      requireLength(total);
    }

    @Override
    public double at(long step) {
      requireStep(step);
      return between(rate, least, (double) Math.min(step, total) / total);
    }
  }

  /**
   * Up from {@code most / 25} to {@code most} in the first 30 % of the steps, down to {@code most /
   * 250,000} in the rest, both along a cosine: PyTorch's {@code OneCycleLR} with its defaults
   * (Smith and Topin 2018). Immutable and safe for use by many threads.
   *
   * @param most largest rate
   * @param total steps of the whole cycle, at least 1
   */
  record OneCycle(double most, long total) implements LearningRateSchedule {
    private static final double UP = 0.3;

    /** Checks rate and length. */
    public OneCycle {
      ParameterState.checkedSize("largest learning rate", most);
      requireLength(total);
    }

    @Override
    public double at(long step) {
      requireStep(step);
      double first = most / 25;
      double peak = UP * total - 1;
      double end = total - 1.0;
      double position = Math.min((double) step, end);
      if (position <= peak && peak > 0) {
        return between(first, most, position / peak);
      }
      return between(most, first / 1e4, end <= peak ? 1 : (position - peak) / (end - peak));
    }
  }

  private static double between(double from, double to, double share) {
    return to + (from - to) * (1 + StrictMath.cos(StrictMath.PI * share)) / 2;
  }

  private static void requireLength(long total) {
    if (total < 1) {
      throw new IllegalArgumentException(
          "the steps of a schedule must be at least 1, got " + total);
    }
  }

  private static void requireStep(long step) {
    if (step < 0) {
      throw new IllegalArgumentException("the steps of a schedule count from 0, got " + step);
    }
  }
}
