package org.batchnorm4j.peers;

import java.util.List;
import java.util.stream.LongStream;
import org.batchnorm4j.peers.BatchNormCase.Entry;
import org.batchnorm4j.peers.BatchNormCase.Eps;
import org.batchnorm4j.peers.BatchNormCase.Mode;
import org.batchnorm4j.peers.BatchNormCase.Running;

/**
 * One seeded case of a norm that looks at each sample by itself.
 *
 * @param family which norm
 * @param extent how much is normalised together
 * @param options sizes, types, layouts and the rest, drawn as for batch norm
 */
record SampleNormCase(Family family, Extent extent, BatchNormCase options) {

  /** Which norm. */
  enum Family {
    LAYER,
    GROUP,
    INSTANCE,
    RMS
  }

  /** Trailing axes of layer and root-mean-square norm, or the groups of group norm. */
  enum Extent {
    /** The last axis; groups of one channel. */
    LEAST,
    MIDDLE,
    /** All axes; one group. */
    MOST
  }

  /** The first {@code count} cases of a family. */
  static List<SampleNormCase> first(Family family, int count) {
    return LongStream.range(0, count * 8L)
        .mapToObj(i -> BatchNormCases.number(1_000_000L * (family.ordinal() + 1) + i))
        .filter(options -> options.entry() == Entry.FUNCTION)
        .limit(count)
        .map(
            options ->
                new SampleNormCase(family, Extent.values()[(int) (options.seed() % 3)], options))
        .toList();
  }

  /** Whether instance norm takes the statistics of its input. */
  boolean usesInputStatistics() {
    return options.mode() == Mode.TRAINING || options.running() == Running.ABSENT;
  }

  /** The statistics of a group may be 0, so eps is not, unless statistics are given. */
  double eps() {
    boolean given = family == Family.INSTANCE && !usesInputStatistics();
    return options.eps() == Eps.ZERO && !given ? Eps.TINY.value : options.eps().value;
  }

  /** Number of trailing axes that layer and root-mean-square norm take together. */
  int trailingAxes() {
    int axes = options.rank().axes();
    return switch (extent) {
      case LEAST -> 1;
      case MIDDLE -> Math.max(1, axes / 2);
      case MOST -> axes;
    };
  }

  /** Number of groups, a divisor of the channels. */
  int groups(int channels) {
    return switch (extent) {
      case LEAST -> Math.max(1, channels);
      case MIDDLE -> channels % 2 == 0 && channels > 0 ? channels / 2 : 1;
      case MOST -> 1;
    };
  }
}
