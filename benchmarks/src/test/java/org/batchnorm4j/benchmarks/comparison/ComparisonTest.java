package org.batchnorm4j.benchmarks.comparison;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntToLongFunction;
import org.batchnorm4j.benchmarks.comparison.Comparison.Rounds;
import org.batchnorm4j.benchmarks.comparison.Result.Series;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.Layout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who has how many turns, by a clock that moves as contenders' scripts say. */
class ComparisonTest {
  private static final Problem PROBLEM =
      Problem.of(new Planes(2, 16, 3, 3), Layout.CHANNELS_FIRST, Operation.FORWARD);

  /** Runs before the first round, for the outputs and to warm up, of who is as fast as before. */
  private static final int BEFORE = 3;

  private static final int LEAST_ROUNDS = 7;

  private final List<String> said = new ArrayList<>();
  private final List<String> runs = new ArrayList<>();
  private long now;
  private int open;

  private Optional<Result> compared(long budgetMillis, Peer... peers) {
    Rounds rounds = new Rounds(List.of(1), budgetMillis * 1_000_000, LEAST_ROUNDS);
    Timing timing = new Timing(() -> now, new WarmUp(() -> now, () -> 0), nanos -> now += nanos);
    return new Comparison(List.of(peers), (_, _) -> true, rounds, timing, said::add)
        .compare("l", PROBLEM);
  }

  private static int turns(String name, Optional<Result> result) {
    return result.orElseThrow().find(name, 1).orElseThrow().nanos().length;
  }

  /** Milliseconds by round; the last one's again in the rounds behind it. */
  private Peer byRound(String name, long... millis) {
    return new Scripted(
        name, run -> millis[Math.clamp((run - BEFORE) / 2, 0, millis.length - 1)], 0);
  }

  /** 10 ms and more, never settled. */
  private Peer unsteady(String name) {
    return new Scripted(name, run -> 10 + run / 2 % 4, 0);
  }

  @Test
  void steadyTimesEndTheRoundsBeforeTheBudget() {
    assertEquals(9, turns("SIMD", compared(1000_000, byRound("SIMD", 10), byRound("roof", 10))));
  }

  @Test
  void unsteadyTimesEndWithTheBudgetBehindTheLeastRounds() {
    assertEquals(LEAST_ROUNDS, turns("SIMD", compared(1, unsteady("SIMD"), byRound("roof", 10))));
    // turns of two runs and a rest of 2 ms: four rounds take 2 * (10 + 11 + 12 + 13) + 4 * 24
    assertEquals(12, turns("SIMD", compared(3 * 188 - 1, unsteady("SIMD"), byRound("roof", 10))));
    assertEquals(51, turns("SIMD", compared(1000_000, unsteady("SIMD"), byRound("roof", 10))));
  }

  @Test
  void aPeerThatIsColdAfterItsWarmUpHasAllTurns() {
    Peer cold = new Scripted("cold", run -> run <= BEFORE + 1 ? 100 : 10, 0);
    Optional<Result> result = compared(1, byRound("SIMD", 10), byRound("roof", 10), cold);
    assertEquals(LEAST_ROUNDS, turns("cold", result));
  }

  @Test
  void aSlowPeerHasThreeTurnsAtLeast() {
    Optional<Result> result =
        compared(1, byRound("SIMD", 10), byRound("roof", 10), byRound("slow", 100));
    assertEquals(3, turns("slow", result));
    assertEquals(LEAST_ROUNDS, turns("SIMD", result));
  }

  @Test
  void whoNeedsMoreThanFourTimesOurTimeHasAQuarterOfTheBudget() {
    Optional<Result> result =
        compared(
            1000,
            byRound("SIMD", 10),
            byRound("roof", 10),
            byRound("slow", 50),
            byRound("four times", 40));
    assertEquals(5, turns("slow", result));
    // five rounds of 44 + 102 + 82, then no more than the budget
    assertEquals(LEAST_ROUNDS, turns("four times", result));
  }

  @Test
  void ratiosAreTakenWithinRounds() {
    Peer ours = byRound("SIMD", 10, 20, 30, 10, 20, 30, 10);
    Peer other = byRound("other", 30, 20, 60, 30, 20, 60, 30);
    Result result = compared(1, ours, byRound("roof", 10), other).orElseThrow();
    // ratios 3, 1, 2, 3, 1, 2, 3; of the medians it would be 1.5
    assertEquals(new Spread(1.5, 2, 3), result.faster("other", 1).orElseThrow());
  }

  @Test
  void aSlowPeersTurnsAreComparedWithOursOfTheSameRounds() {
    Peer ours = byRound("SIMD", 10, 10, 10, 25);
    Result result = compared(1, ours, byRound("roof", 10), byRound("slow", 60)).orElseThrow();
    assertEquals(new Spread(6, 6, 6), result.faster("slow", 1).orElseThrow());
  }

  @Test
  void whoBeginsChangesFromRoundToRound() {
    compared(1, byRound("SIMD", 10), byRound("roof", 10), byRound("other", 10));
    List<String> first =
        List.of("SIMD", "SIMD", "roof", "roof", "other", "other", "roof", "roof", "other", "other");
    int before = 3 * BEFORE;
    assertEquals(first, runs.subList(before, before + first.size()));
  }

  /** For its outputs, warming up, in the first round and in a later one. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, BEFORE + 1, BEFORE + 6})
  void aPeerThatFailsIsSaidAndLeftOut(int failing) {
    Peer broken =
        new Scripted(
            "broken",
            run -> {
              if (run == failing) {
                throw new IllegalStateException("out of luck\nat once");
              }
              return 10;
            },
            0);
    Optional<Result> result =
        compared(1, byRound("SIMD", 10), broken, byRound("roof", 10), byRound("other", 10));
    assertEquals(
        List.of("SIMD", "roof", "other"),
        result.orElseThrow().series().stream().map(Series::name).toList());
    assertEquals(LEAST_ROUNDS, turns("other", result));
    assertEquals(
        List.of(
            "failed: 2x16x3x3 NCHW forward, broken: java.lang.IllegalStateException: out of luck;"
                + " left out"),
        said);
    assertEquals(0, open);
  }

  @Test
  void withoutOursOrTheRoofThereIsNoResultAndAProblemLaterHasOne() {
    Peer broken =
        new Scripted(
            "SIMD",
            run -> {
              throw new OutOfMemoryError("heap");
            },
            0);
    assertTrue(compared(1, broken, byRound("roof", 10)).isEmpty());
    assertTrue(said.getFirst().startsWith("failed: 2x16x3x3 NCHW forward, SIMD: "), said + "");
    assertTrue(said.getLast().startsWith("left out: 2x16x3x3 NCHW forward: "), said + "");
    assertTrue(compared(1, byRound("SIMD", 10)).isEmpty());
    assertEquals(3, said.size());
    assertTrue(compared(1, byRound("SIMD", 10), byRound("roof", 10)).isPresent());
  }

  @Test
  void outputsThatDifferAreSaidAndLeftOut() {
    Peer wrong = new Scripted("wrong", _ -> 10, 0.01f);
    Optional<Result> result = compared(1, byRound("SIMD", 10), byRound("roof", 10), wrong);
    assertTrue(result.orElseThrow().find("wrong", 1).isEmpty());
    assertEquals(1, said.size());
    assertTrue(
        said.getFirst().startsWith("wrong: 2x16x3x3 NCHW forward, wrong on 1 threads: "),
        said + "");
  }

  @Test
  void withNoTimeAtAllOursAndTheRoofHaveOneTurnEach() {
    List<Peer> peers = List.of(new Ours(KernelPreference.SIMD), new Roof(true));
    Rounds once = new Rounds(List.of(1, 2), 0, 1);
    Result result =
        new Comparison(peers, (_, _) -> true, once, Timing.ofThisJvm(), said::add)
            .compare("l", PROBLEM)
            .orElseThrow();
    assertEquals(4, result.series().size());
    assertTrue(result.series().stream().allMatch(s -> s.nanos().length == 1));
    assertEquals(List.of(), said);
  }

  /**
   * @param millis that the run of a number takes
   * @param error of one of its outputs
   */
  private final class Scripted implements Peer {
    private final String name;
    private final IntToLongFunction millis;
    private final float error;

    Scripted(String name, IntToLongFunction millis, float error) {
      this.name = name;
      this.millis = millis;
      this.error = error;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public Optional<String> missing() {
      return Optional.empty();
    }

    @Override
    public List<String> facts() {
      return List.of();
    }

    @Override
    public Contender prepare(Problem problem) {
      open++;
      return new Contender() {
        private int run;

        @Override
        public String implementation() {
          return "script";
        }

        @Override
        public void run() {
          runs.add(name);
          now += 1_000_000 * millis.applyAsLong(run++);
        }

        @Override
        public Outputs outputs() {
          float[] tensor = new float[problem.shape().size()];
          tensor[5] = error;
          return new Outputs(tensor);
        }

        @Override
        public void close() {
          open--;
        }
      };
    }
  }
}
