package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
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
  private static final long REST_NANOS = 2_000_000;

  private final List<Peer> peers;
  private final int[] threads;
  private final long budget;
  private final int leastRounds;
  private final Consumer<String> said;
  private final WarmUp warmUp = new WarmUp(System::nanoTime);

  /**
   * @param peers ours with SIMD first, against which outputs are checked
   * @param threads the numbers of threads to compare at
   * @param budget nanoseconds for the rounds of one problem
   * @param leastRounds rounds even beyond the budget
   * @param said told in one line each what disagreed
   */
  Comparison(List<Peer> peers, int[] threads, long budget, int leastRounds, Consumer<String> said) {
    this.peers = peers;
    this.threads = threads.clone();
    this.budget = budget;
    this.leastRounds = leastRounds;
    this.said = said;
  }

  private record Seat(Peer peer, int threads, Contender contender, List<Double> nanos) {
    /** What the JVM compiles while it runs needs more than what others have compiled. */
    long leastWarmUp() {
      if (peer instanceof Ours) {
        return 500_000_000;
      }
      return peer instanceof Roof ? 100_000_000 : 0;
    }

    long time(int runs) {
      contender.enter();
      contender.run();
      long start = System.nanoTime();
      for (int i = 0; i < runs; i++) {
        contender.run();
      }
      return System.nanoTime() - start;
    }
  }

  /** Times of all peers that take part; one whose outputs are wrong is said, and left out. */
  Result compare(Problem problem) {
    List<Seat> seats = new ArrayList<>();
    try {
      sitDown(problem, seats);
      int[] runs = new int[seats.size()];
      for (int i = 0; i < runs.length; i++) {
        long once = warmUp.nanos(seats.get(i).contender(), seats.get(i).leastWarmUp());
        runs[i] = Math.clamp(LEAST_NANOS / Math.max(1, once) + 1, 1, 1000);
      }
      long start = System.nanoTime();
      for (int round = 0;
          round < leastRounds || (round < MOST_ROUNDS && System.nanoTime() - start < budget);
          round++) {
        for (int turn = 0; turn < runs.length; turn++) {
          int i = (turn + round) % runs.length;
          Seat seat = seats.get(i);
          seat.nanos().add(seat.time(runs[i]) / (double) runs[i]);
          LockSupport.parkNanos(REST_NANOS);
        }
      }
      List<Series> series = new ArrayList<>();
      for (Seat seat : seats) {
        double[] nanos = seat.nanos().stream().mapToDouble(d -> d).toArray();
        series.add(
            new Series(
                seat.peer().name(), seat.threads(), seat.contender().implementation(), nanos));
      }
      return new Result(problem.shape(), problem.layoutName(), problem.direction(), series);
    } finally {
      seats.forEach(seat -> seat.contender().close());
    }
  }

  private void sitDown(Problem problem, List<Seat> seats) {
    Outputs ours = null;
    for (Peer peer : peers) {
      for (int n : threads) {
        Contender contender = peer.prepare(problem, n);
        contender.enter();
        contender.run();
        Outputs outputs = contender.outputs();
        if (ours == null) {
          ours = outputs;
        }
        if (peer instanceof Roof || agrees(problem, peer, n, ours, outputs)) {
          seats.add(new Seat(peer, n, contender, new ArrayList<>()));
        } else {
          contender.close();
        }
      }
    }
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
