package org.batchnorm4j.nn.deploy;

import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.tensor.Tensor;

/**
 * What was seen at a batch norm when a batch came through. Immutable.
 *
 * @param rank number of axes of its input, 2 if channels are the last axis
 * @param samples size of axis 0
 * @param moments count, mean and M2 of each channel of its input
 * @param wrongInputs number of values of its input that are not finite
 * @param deadChannels number of channels of its output that are one number throughout
 * @param firstDead the first of them, or -1
 */
record NormSight(
    int rank,
    int samples,
    BatchMoments moments,
    long wrongInputs,
    int deadChannels,
    int firstDead) {

  static NormSight of(BatchMoments moments, Tensor input, Tensor output) {
    int channels = input.axis(1);
    double[] y = output.toDoubles();
    int dead = 0;
    int first = -1;
    boolean several = input.size() > channels;
    for (int c = 0; c < channels && several; c++) {
      if (constant(y, c, channels, input.axis(0))) {
        dead++;
        first = first < 0 ? c : first;
      }
    }
    return new NormSight(input.rank(), input.axis(0), moments, countOfWrong(input), dead, first);
  }

  private static boolean constant(double[] y, int channel, int channels, int samples) {
    int plane = y.length / samples / channels;
    double value = y[channel * plane];
    for (int n = 0; n < samples; n++) {
      int from = (n * channels + channel) * plane;
      for (int i = from; i < from + plane; i++) {
        if (y[i] != value) { // NaN is no constant: it has a finding of its own
          return false;
        }
      }
    }
    return true;
  }

  /** How many values are NaN or infinite. */
  static long countOfWrong(Tensor tensor) {
    long count = 0;
    for (double value : tensor.toDoubles()) {
      count += Double.isFinite(value) ? 0 : 1;
    }
    return count;
  }
}
