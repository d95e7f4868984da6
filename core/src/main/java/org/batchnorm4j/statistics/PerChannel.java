package org.batchnorm4j.statistics;

import java.util.function.Function;

/** What is known of groups of channels, put together. */
final class PerChannel {
  private PerChannel() {}

  /** The values of adjacent groups, one after another. */
  static <G> double[] joined(G[] groups, Function<G, double[]> values) {
    int channels = 0;
    for (G group : groups) {
      channels += values.apply(group).length;
    }
    double[] all = new double[channels];
    int at = 0;
    for (G group : groups) {
      double[] some = values.apply(group);
      System.arraycopy(some, 0, all, at, some.length);
      at += some.length;
    }
    return all;
  }
}
