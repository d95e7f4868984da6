package org.batchnorm4j.kernel;

import java.util.Arrays;

/**
 * The order in which {@link CpuKernels} adds up the values of a plane block: which partial sum (a <em>lane</em>) a value goes to,
 * and how the lanes are folded into one number. It depends on positions alone, never on the width of a vector register, so every
 * implementation that follows it returns the same bits.
 *
 * <p>Value {@code i} of a run of {@code length} goes to lane {@code i mod 32} if it belongs to the first {@link #whole
 * whole(length)} values, which fill granules of 8, and otherwise to lane {@code 32 + i - whole(length)}. Lanes run on from one run
 * to the next and are folded once per block. 32 float64 lanes are four AVX-512 registers, enough to hide the latency of an
 * addition; narrower machines take the lanes in several passes over the cached block.
 *
 * <p>A lane starts at +0.0 and therefore never holds -0.0: adding a zero changes nothing.
 *
 * <p>Thread safety: static methods on the caller's arrays; no state.
 */
public final class VirtualLanes {

  /** Lanes for whole granules. */
  public static final int WHOLE_LANES = 32;

  /** A run is cut into granules of this many values; the rest of fewer values has lanes of its own. */
  public static final int GRANULE = 8;

  private VirtualLanes() {}

  /** Lanes for one sum, all zero: {@link #WHOLE_LANES} of them, then {@link #GRANULE} for the rests. */
  public static double[] zeros() {
    return new double[WHOLE_LANES + GRANULE];
  }

  /** The number of leading values of a run that fill whole granules: {@code length} rounded down to a multiple of 8. */
  public static int whole(int length) {
    return length & -GRANULE;
  }

  /**
   * The sum of all lanes, which are overwritten with zeros. Lane {@code j} takes lane {@code j + 16}, then {@code j + 8}, down to
   * {@code j + 1}; the rests likewise from 4; the two results are added.
   */
  public static double foldAndClear(double[] lanes) {
    double sum = halve(lanes, 0, WHOLE_LANES) + halve(lanes, WHOLE_LANES, GRANULE);
    Arrays.fill(lanes, 0.0);
    return sum;
  }

  private static double halve(double[] lanes, int from, int count) {
    for (int half = count / 2; half > 0; half /= 2) {
      for (int j = from; j < from + half; j++) {
        lanes[j] += lanes[j + half];
      }
    }
    return lanes[from];
  }
}
