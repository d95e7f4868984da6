package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;
import java.util.function.Consumer;

/**
 * Lets all peers solve one problem in turns. A turn is one run that is not timed, which brings data
 * and threads back, then so many timed ones that the clock is fine enough, then a rest in which
 * threads that wait by spinning go to sleep. The first contender of a round changes from round to
 * round.
 *
 * <p>A contender that fails, or whose outputs are wrong, is said and left out of the problem. Used
 * by one thread.
 */
final class Comparison {
  private static final int MOST_ROUNDS = 51;

  /** Who needs so many times our time has fewer turns. */
  private static final int SLOW = 4;

  private static final int LEAST_TURNS = 3;
  private static final long REST_NANOS = 2_000_000;

  private final List<Peer> peers;
  private final BiPredicate<Peer, Problem> admitted;
  private final Rounds rounds;
  private final Timing timing;
  private final Consumer<String> said;

  /**
   * How long each problem is worked on.
   *
   * @param threads the numbers of threads to compare at
   * @param budget nanoseconds for the rounds of one problem; with 0 nobody is warmed up either
   * @param least rounds even beyond the budget, but for those who are slow
   */
  record Rounds(List<Integer> threads, long budget, int least) {
    Rounds {
      threads = List.copyOf(threads);
    }
  }

  /**
   * @param peers ours with SIMD first, against which outputs are checked
   * @param admitted who of them takes part in a problem that it solves
   * @param rounds how long
   * @param timing by which clock
   * @param said told in one line each what disagreed or failed
   */
  Comparison(
      List<Peer> peers,
      BiPredicate<Peer, Problem> admitted,
      Rounds rounds,
      Timing timing,
      Consumer<String> said) {
    this.peers = peers;
    this.admitted = admitted;
    this.rounds = rounds;
    this.timing = timing;
    this.said = said;
  }

  /** Times of all peers that are right; empty without those that others are measured by. */
  Optional<Result> compare(String list, Problem problem) {
    List<Contender> contenders = new ArrayList<>();
    try {
      List<Seat> seats = sitDown(problem, contenders);
      takeTurns(problem, seats);
      Result result =
          new Result(
              list,
              problem.shape(),
              problem.layoutName(),
              problem.operation(),
              problem.storage(),
              seats.stream().map(Seat::series).toList());
      if (rounds.threads().stream().allMatch(result::hasMeasures)) {
        return Optional.of(result);
      }
      said.accept("left out: " + problem + ": ours and the roof are what others are measured by");
      return Optional.empty();
    } finally {
      contenders.forEach(Contender::close);
    }
  }

  private List<Seat> sitDown(Problem problem, List<Contender> contenders) {
    List<Seat> seats = new ArrayList<>();
    Outputs ours = null;
    for (Peer peer : peers) {
      if (!peer.solves(problem) || !admitted.test(peer, problem)) {
        continue;
      }
      try {
        Contender contender = peer.prepare(problem);
        contenders.add(contender);
        boolean known = false;
        for (int n : rounds.threads()) {
          contender.enter(n);
          contender.run();
          boolean right = peer instanceof Ceiling;
          if (!right) {
            Outputs outputs = contender.outputs();
            ours = ours == null ? outputs : ours;
            right = agrees(problem, peer, n, ours, outputs);
          }
          if (right) {
            seats.add(new Seat(peer, n, contender, known, timing.clock()));
            known = true;
          }
        }
      } catch (RuntimeException | OutOfMemoryError e) {
        failed(problem, peer, e);
        if (ours == null) {
          break; // nothing tells who is right
        }
      }
    }
    return seats;
  }

  private void takeTurns(Problem problem, List<Seat> seats) {
    seats.removeIf(
        seat -> !succeeds(problem, seat, () -> seat.warm(timing.warmUp(), rounds.budget() > 0)));
    if (seats.isEmpty()) {
      return;
    }
    double ours = seats.getFirst().fastest();
    long start = timing.clock().getAsLong();
    for (int round = 0; round < MOST_ROUNDS; round++) {
      boolean settled = seats.stream().allMatch(Seat::isSettled);
      boolean late = timing.clock().getAsLong() - start > rounds.budget();
      if (round >= rounds.least() && (settled || late)) {
        break;
      }
      List<Seat> order = new ArrayList<>(seats);
      Collections.rotate(order, -round);
      for (Seat seat : order) {
        if (round < turns(seat.fastest(), ours)) {
          if (!succeeds(problem, seat, seat::takeTurn)) {
            seats.remove(seat);
          }
          timing.rest().accept(REST_NANOS);
        }
      }
    }
  }

  /**
   * Turns for who takes {@code once} beside our time: never one alone, since it may have been a
   * cold one, and all of them as soon as a turn is not slow.
   */
  private int turns(double once, double ours) {
    return once > SLOW * ours
        ? Math.clamp((long) (rounds.budget() / (4 * once)), LEAST_TURNS, MOST_ROUNDS)
        : MOST_ROUNDS;
  }

  private boolean succeeds(Problem problem, Seat seat, Runnable step) {
    try {
      step.run();
      return true;
    } catch (RuntimeException | OutOfMemoryError e) {
      failed(problem, seat.peer(), e);
      return false;
    }
  }

  private void failed(Problem problem, Peer peer, Throwable why) {
    String first = String.valueOf(why).lines().findFirst().orElse("");
    said.accept("failed: " + problem + ", " + peer.name() + ": " + first + "; left out");
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
