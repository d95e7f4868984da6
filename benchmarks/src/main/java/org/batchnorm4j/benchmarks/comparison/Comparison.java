package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.batchnorm4j.benchmarks.comparison.Result.Series;

/**
 * Lets all peers solve one problem in turns. A turn is one run that is not timed, which brings data
 * and threads back, then so many timed ones that the clock is fine enough, then a rest in which
 * threads that wait by spinning go to sleep. The first contender of a round changes from round to
 * round.
 */
final class Comparison {
  private static final long LEAST_NANOS = 3_000_000;
  private static final int MOST_ROUNDS = 51;

  /** Who needs so many times our time has fewer turns. */
  private static final int SLOW = 4;

  private static final int LEAST_TURNS = 3;

  /** After so many rounds a quartile range this narrow, by the root of the rounds, is enough. */
  private static final int SETTLED_ROUNDS = 9;

  private static final double SETTLED = 0.01;
  private static final long REST_NANOS = 2_000_000;

  private final List<Peer> peers;
  private final BiPredicate<Peer, Problem> admitted;
  private final int[] threads;
  private final long budget;
  private final int leastRounds;
  private final Consumer<String> said;
  private final WarmUp warmUp = WarmUp.ofThisJvm();

  /**
   * @param peers ours with SIMD first, against which outputs are checked
   * @param admitted who of them takes part in a problem that it solves
   * @param threads the numbers of threads to compare at
   * @param budget nanoseconds for the rounds of one problem
   * @param leastRounds rounds even beyond the budget, but for those who are slow
   * @param said told in one line each what disagreed
   */
  Comparison(
      List<Peer> peers,
      BiPredicate<Peer, Problem> admitted,
      int[] threads,
      long budget,
      int leastRounds,
      Consumer<String> said) {
    this.peers = peers;
    this.admitted = admitted;
    this.threads = threads.clone();
    this.budget = budget;
    this.leastRounds = leastRounds;
    this.said = said;
  }

  private record Seat(Peer peer, int threads, Contender contender, List<Double> nanos) {
    /** What the JVM compiles while it runs needs more than what others have compiled. */
    long leastWarmUp() {
      if (peer instanceof Ours) {
        return peer.name().equals("scalar") ? 50_000_000 : 250_000_000;
      }
      return peer instanceof Roof ? 20_000_000 : 0;
    }

    long time(int runs) {
      contender.enter(threads);
      contender.run();
      long start = System.nanoTime();
      for (int i = 0; i < runs; i++) {
        contender.run();
      }
      return System.nanoTime() - start;
    }

    boolean isSettled() {
      if (nanos.size() < SETTLED_ROUNDS) {
        return false;
      }
      Spread spread = Spread.of(nanos.stream().mapToDouble(d -> d).toArray());
      double ofMedian = (spread.upper() - spread.lower()) / spread.median();
      return ofMedian / Math.sqrt(nanos.size()) < SETTLED;
    }
  }

  /** Times of all peers that take part; one whose outputs are wrong is said, and left out. */
  Result compare(String list, Problem problem) {
    List<Contender> contenders = new ArrayList<>();
    try {
      List<Seat> seats = sitDown(problem, contenders);
      int[] runs = new int[seats.size()];
      int[] rounds = new int[seats.size()];
      long first = 0;
      for (int i = 0; i < runs.length; i++) {
        Seat seat = seats.get(i);
        seat.contender().enter(seat.threads());
        long once = warmUp.nanos(seat.contender(), seat.leastWarmUp());
        first = i == 0 ? once : first;
        runs[i] = Math.clamp(LEAST_NANOS / Math.max(1, once) + 1, 1, 1000);
        rounds[i] = rounds(once, first);
      }
      long start = System.nanoTime();
      for (int round = 0; round < MOST_ROUNDS; round++) {
        boolean settled = seats.stream().allMatch(Seat::isSettled);
        if (round >= leastRounds && (settled || System.nanoTime() - start > budget)) {
          break;
        }
        for (int turn = 0; turn < runs.length; turn++) {
          int i = (turn + round) % runs.length;
          if (round < rounds[i]) {
            Seat seat = seats.get(i);
            double nanos = seat.time(runs[i]) / (double) runs[i];
            seat.nanos().add(nanos);
            rounds[i] = Math.max(rounds[i], rounds((long) nanos, first));
            LockSupport.parkNanos(REST_NANOS);
          }
        }
      }
      return new Result(
          list,
          problem.shape(),
          problem.layoutName(),
          problem.operation(),
          problem.storage(),
          seats.stream().map(Comparison::series).toList());
    } finally {
      contenders.forEach(Contender::close);
    }
  }

  /**
   * Turns for who takes {@code once} beside our {@code first}: never one alone, since it may have
   * been a cold one, and all of them as soon as a turn is not slow.
   */
  private int rounds(long once, long first) {
    boolean slow = once > SLOW * first;
    return slow ? Math.clamp(budget / (4 * once), LEAST_TURNS, MOST_ROUNDS) : MOST_ROUNDS;
  }

  private static Series series(Seat seat) {
    double[] nanos = seat.nanos().stream().mapToDouble(d -> d).toArray();
    return new Series(seat.peer().name(), seat.threads(), seat.contender().implementation(), nanos);
  }

  private List<Seat> sitDown(Problem problem, List<Contender> contenders) {
    List<Seat> seats = new ArrayList<>();
    Outputs ours = null;
    for (Peer peer : peers) {
      if (!peer.solves(problem) || !admitted.test(peer, problem)) {
        continue;
      }
      Contender contender = peer.prepare(problem);
      contenders.add(contender);
      for (int n : threads) {
        contender.enter(n);
        contender.run();
        Outputs outputs = contender.outputs();
        ours = ours == null ? outputs : ours;
        if (peer instanceof Roof || agrees(problem, peer, n, ours, outputs)) {
          seats.add(new Seat(peer, n, contender, new ArrayList<>()));
        }
      }
    }
    return seats;
  }

  private boolean agrees(Problem problem, Peer peer, int n, Outputs ours, Outputs theirs) {
    double share = Agreement.share(problem, ours, theirs);
    if (share <= 1) {
      return true;
    }
    said.accept(
        "wrong: "
            + problem
            + ", "
            + peer.name()
            + " on "
            + n
            + " threads: outputs differ from ours by "
            + (float) share
            + " times what rounding allows; its times are left out");
    return false;
  }
}
