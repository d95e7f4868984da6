package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.batchnorm4j.benchmarks.comparison.Result.Series;

/** One contender on one number of threads, with its times. Used by one thread. */
final class Seat {
  private static final long LEAST_NANOS = 3_000_000;

  /** After so many turns a quartile range this narrow, by the root of the turns, is enough. */
  private static final int SETTLED_TURNS = 9;

  private static final double SETTLED = 0.01;

  private final Peer peer;
  private final int threads;
  private final Contender contender;
  private final boolean known;
  private final LongSupplier clock;
  private final List<Double> nanos = new ArrayList<>();
  private int runs = 1;
  private double fastest = Double.POSITIVE_INFINITY;

  /**
   * @param known whether the contender has a seat already, so that its loops are compiled there
   */
  Seat(Peer peer, int threads, Contender contender, boolean known, LongSupplier clock) {
    this.peer = peer;
    this.threads = threads;
    this.contender = contender;
    this.known = known;
    this.clock = clock;
  }

  Peer peer() {
    return peer;
  }

  /** Nanoseconds of one run, warming up or in the fastest turn. */
  double fastest() {
    return fastest;
  }

  /**
   * Makes it warm, and its turns so many runs long that the clock is fine enough.
   *
   * @param thoroughly whether until the JVM has compiled it
   */
  void warm(WarmUp warmUp, boolean thoroughly) {
    contender.enter(threads);
    long once = warmUp.nanos(contender, thoroughly ? leastWarmUp() : 0);
    runs = Math.clamp(LEAST_NANOS / Math.max(1, once) + 1, 1, 1000);
    fastest = once;
  }

  /** What the JVM compiles while it runs needs more than what others have compiled. */
  private long leastWarmUp() {
    if (peer instanceof Ours) {
      return known || peer.name().equals("scalar") ? 50_000_000 : 250_000_000;
    }
    return peer instanceof Ceiling ? 20_000_000 : 0;
  }

  /** A run that is not timed, then timed ones. */
  void takeTurn() {
    contender.enter(threads);
    contender.run();
    long start = clock.getAsLong();
    for (int i = 0; i < runs; i++) {
      contender.run();
    }
    double one = (clock.getAsLong() - start) / (double) runs;
    nanos.add(one);
    fastest = Math.min(fastest, one);
  }

  boolean isSettled() {
    if (nanos.size() < SETTLED_TURNS) {
      return false;
    }
    Spread spread = Spread.of(times());
    double ofMedian = (spread.upper() - spread.lower()) / spread.median();
    return ofMedian / Math.sqrt(nanos.size()) < SETTLED;
  }

  Series series() {
    return new Series(peer.name(), threads, contender.implementation(), times());
  }

  private double[] times() {
    return nanos.stream().mapToDouble(d -> d).toArray();
  }
}
