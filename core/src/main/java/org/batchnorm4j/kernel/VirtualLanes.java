package org.batchnorm4j.kernel;

/**
 * The order in which {@link CpuKernels} adds up the values of a channel's runs: which partial sum
 * (a <em>lane</em>) a value goes to, and how the lanes are folded into one number. It depends on
 * positions alone, never on the width of a vector register, so every implementation that follows it
 * returns the same bits.
 *
 * <p>A run of {@code length} values is cut into steps of 16. Value {@code i} of a step goes to lane
 * {@code i}. The rest of the run, up to 15 values, has 16 lanes of its own: the last value goes to
 * lane 31, the one before it to lane 30. Lanes run on from one run of the channel to the next and
 * are folded once, by the caller. 16 float64 lanes are two AVX-512 registers, which hide enough of
 * the latency of an addition where values must be widened first; narrower machines take the lanes
 * in several passes over the cached block.
 *
 * <p>A lane starts at +0.0 and therefore never becomes -0.0: adding a zero of either sign changes
 * nothing.
 *
 * <p>Thread safety: static methods on the caller's arrays; no state.
 */
public final class VirtualLanes {

  /** Values in a step, lanes for steps, and lanes for rests. */
  public static final int STEP = 16;

  /** The lanes of one sum: {@link #STEP} for the steps, then {@link #STEP} for the rests. */
  public static final int COUNT = 2 * STEP;

  private VirtualLanes() {}

  /**
   * The number of leading values of a run that fill whole steps: {@code length} rounded down to a
   * multiple of 16.
   */
  public static int inSteps(int length) {
    return length & -STEP;
  }

  /** The lane of value {@code i} of a run. */
  public static int lane(int i, int length) {
    return i < inSteps(length) ? i % STEP : restLane(i, length);
  }

  /** The lane of value {@code i} of a run, given that it belongs to the rest. */
  public static int restLane(int i, int length) {
    return COUNT - (length - i);
  }

  /**
   * The sum of the {@link #COUNT} lanes from {@code from} on, which are used as scratch space. Lane
   * {@code j} takes lane {@code j + 16}, then {@code j + 8}, down to {@code j + 1}.
   */
  public static double fold(double[] lanes, int from) {
    for (int half = STEP; half > 0; half /= 2) {
      for (int j = from; j < from + half; j++) {
        lanes[j] += lanes[j + half];
      }
    }
    return lanes[from];
  }
}
