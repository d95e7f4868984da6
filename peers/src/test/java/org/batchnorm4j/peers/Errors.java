package org.batchnorm4j.peers;

import java.util.Arrays;

/** How far float32 results are from those in float64, in units that can be read. */
final class Errors {
  private final HardData data;
  private final Outcome.Computed judge;

  Errors(HardData data, Outcome.Computed judge) {
    this.data = data;
    this.judge = judge;
  }

  /**
   * The largest difference of a quantity in units of {@code 2^-24 s}, the rounding of a number of
   * size s. {@code s} is for output and grad_input the largest one of the channel, for running_mean
   * the largest input, for running_var itself and eps, for grad_weight and grad_bias the sum of
   * absolute gradients. Infinite if a number is missing where the exact one fits into float32, or
   * the other way round.
   */
  double largest(String quantity, Outcome.Computed computed) {
    double[] expected = judge.values().get(quantity);
    double[] actual = computed.values().get(quantity);
    boolean byChannel = expected.length == data.channels();
    double[] scales = scales(quantity, expected);
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      int channel = byChannel ? i : data.channelOf(i);
      if (quantity.startsWith("running_") && Double.isNaN(expected[i])) {
        continue; // libtorch's become NaN, ours stay as they were
      }
      float nearest = (float) expected[i];
      if (Double.isNaN(nearest) || Double.isInfinite(nearest)) {
        worst = Double.compare(actual[i], nearest) == 0 ? worst : Double.POSITIVE_INFINITY;
      } else if (actual[i] != expected[i]) {
        double error = Math.abs(actual[i] - expected[i]) / (0x1p-24 * scales[channel]);
        worst = Math.max(worst, Double.isNaN(error) ? Double.POSITIVE_INFINITY : error);
      }
    }
    return worst;
  }

  private double[] scales(String quantity, double[] expected) {
    double[] scales = new double[data.channels()];
    switch (quantity) {
      case "output", "grad_input" -> {
        for (int i = 0; i < expected.length; i++) {
          int c = data.channelOf(i);
          scales[c] = Math.max(scales[c], Math.abs(expected[i]));
        }
      }
      case "running_mean" -> {
        for (int i = 0; i < data.x().length; i++) {
          int c = data.channelOf(i);
          scales[c] = Math.max(scales[c], Math.abs(data.x()[i]));
        }
      }
      case "running_var" -> Arrays.setAll(scales, c -> expected[c] + data.eps());
      case "grad_weight", "grad_bias" -> {
        for (int i = 0; i < data.g().length; i++) {
          scales[data.channelOf(i)] += Math.abs(data.g()[i]);
        }
      }
      default -> throw new IllegalArgumentException(quantity);
    }
    return scales;
  }
}
