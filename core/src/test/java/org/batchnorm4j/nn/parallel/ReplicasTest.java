package org.batchnorm4j.nn.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.batchnorm4j.autograd.Edge;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks meet, in the order of ranks whoever comes first, or end with an error that names names. */
@Timeout(60)
class ReplicasTest {
  private static final Duration SHORT = Duration.ofMillis(400);

  // ---- what comes out

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void resultsAndGatheredValuesAreInTheOrderOfRanks(int size) {
    List<String> results =
        Replicas.of(size)
            .run(
                ranks -> {
                  StringBuilder text = new StringBuilder().append(ranks.rank()).append(':');
                  for (int round = 0; round < 50; round++) {
                    text.setLength(2);
                    double[] own = {ranks.rank() + 10 * round};
                    for (double[] values : ranks.gather("round " + round, own)) {
                      text.append(' ').append((int) values[0] - 10 * round);
                    }
                  }
                  return text.toString();
                });
    StringBuilder everyone = new StringBuilder();
    for (int rank = 0; rank < size; rank++) {
      everyone.append(' ').append(rank);
    }
    for (int rank = 0; rank < size; rank++) {
      assertEquals(rank + ":" + everyone, results.get(rank));
    }
  }

  @Test
  void momentsAreMergedAndSumsAreAdded() {
    List<String> results =
        Replicas.of(3)
            .run(
                ranks -> {
                  // {1, 3}, nothing, {8}: mean 4, M2 26
                  long[] counts = {2, 0, 1};
                  double[][] means = {{2}, {0}, {8}};
                  double[][] m2s = {{2}, {0}, {0}};
                  int rank = ranks.rank();
                  BatchMoments all =
                      ranks.moments(
                          "moments", new BatchMoments(counts[rank], means[rank], m2s[rank]));
                  GradientSums sums =
                      ranks.sums("sums", new GradientSums(new double[] {rank}, new double[] {2}));
                  return all + " " + sums.sumG()[0] + " " + sums.sumGx()[0];
                });
    assertEquals(List.of(results.get(0), results.get(0), results.get(0)), results);
    assertEquals("count=3 mean=[4.0] m2=[26.0] 3.0 6.0", results.get(0));
  }

  @Test
  void tensorsAreAddedInFloat64AndRoundedOnce() {
    float tiny = 0x1p-24f; // lost in float32 beside 1, twice of it is not
    float[][] shards = {{1, 2}, {tiny, 0}, {tiny, 5}};
    List<List<Tensor>> results =
        Replicas.of(3)
            .run(
                ranks ->
                    ranks.sum(
                        "gradients",
                        List.of(
                            Tensor.of(shards[ranks.rank()], 2, 1),
                            Tensor.full(ranks.rank(), DType.FLOAT64, 1))));
    for (List<Tensor> sums : results) {
      assertArrayEquals(new float[] {1 + 0x1p-23f, 7}, sums.get(0).toFloats());
      assertEquals(DType.FLOAT32, sums.get(0).dtype());
      assertEquals(2, sums.get(0).rank());
      assertArrayEquals(new double[] {3}, sums.get(1).toDoubles());
    }
  }

  @RepeatedTest(5)
  void whatIsSharedBelongsToOneRank() {
    Object shared = new Object();
    AtomicInteger owners = new AtomicInteger();
    AtomicInteger own = new AtomicInteger();
    Replicas.of(7)
        .run(
            ranks -> {
              for (int i = 0; i < 3; i++) {
                owners.addAndGet(ranks.claim(shared) ? 1 : 0);
                own.addAndGet(ranks.claim(new Object()) ? 1 : 0);
              }
              return ranks.rank();
            });
    assertEquals(3, owners.get());
    assertEquals(21, own.get());
  }

  @Test
  void shardsAreRangesOfNearlyEqualSize() {
    int at = 0;
    for (int rank = 0; rank < 7; rank++) {
      Shard shard = Shard.of(rank, 7, 10);
      assertEquals(at, shard.from());
      assertTrue(shard.size() == 1 || shard.size() == 2);
      assertEquals(shard.size() / 10.0, shard.weight());
      at = shard.to();
    }
    assertEquals(10, at);
    assertEquals(0, Shard.of(0, 3, 2).size());
    assertEquals(0, Shard.of(0, 3, 2).weight());
    assertEquals(0, Shard.of(0, 3, 0).weight());
  }

  @Test
  void impossibleNumbersAreRefused() {
    assertEquals(
        "replicas must be from 1 to 1024, got 0",
        assertThrows(IllegalArgumentException.class, () -> Replicas.of(0)).getMessage());
    assertEquals(
        "the deadline of replicas is at least 1 millisecond, got PT0S",
        assertThrows(
                IllegalArgumentException.class, () -> Replicas.of(1).withDeadline(Duration.ZERO))
            .getMessage());
    assertEquals(
        "there is no rank 3 of 3",
        assertThrows(IllegalArgumentException.class, () -> Shard.of(3, 3, 5)).getMessage());
    assertEquals(
        "a shard from 2 to 6 is not within a batch of 5",
        assertThrows(IllegalArgumentException.class, () -> new Shard(2, 6, 5)).getMessage());
  }

  // ---- what goes wrong: the caller's exception, and that of each rank which met it

  private final Map<Integer, CollectiveException> seen = new ConcurrentHashMap<>();
  private boolean together = true;

  @BeforeAll
  static void choosingKernelsTakesLongerThanADeadlineHere() {
    assertTrue(Backend.standard().describe().contains("kernels"));
  }

  /** All ranks begin, so that all of them meet the failure. */
  private <T> Replicas.Work<T> watched(Replicas.Work<T> work) {
    return ranks -> {
      try {
        if (together) {
          ranks.gather("start", new double[0]);
        }
        return work.run(ranks);
      } catch (CollectiveException e) {
        seen.put(ranks.rank(), e);
        throw e;
      }
    };
  }

  private CollectiveException failure(Replicas replicas, Replicas.Work<?> work) {
    CollectiveException failure =
        assertThrows(CollectiveException.class, () -> replicas.run(watched(work)));
    seen.forEach((rank, e) -> assertEquals(failure.getMessage(), e.getMessage(), "rank " + rank));
    return failure;
  }

  private static Tensor forwardAndBackward(Collective ranks, BatchNorm1d first, Tensor x) {
    Pass pass = Pass.training().withStatistics(SyncBatchNorm.over(ranks));
    Tensor y = first.forward(pass.watch(x), pass);
    return pass.backward(pass.sum(pass.square(y))).of(x);
  }

  private static Tensor shard(Collective ranks) {
    return Tensor.randn(RandomStream.of(ranks.rank()), 4, 3);
  }

  @RepeatedTest(3)
  void aRankThatThrowsInForwardIsNamedOnAllRanks() {
    BatchNorm1d norm = new BatchNorm1d(3);
    CollectiveException failure =
        failure(
            Replicas.of(3),
            ranks -> {
              if (ranks.rank() == 1) {
                throw new IllegalArgumentException("no such picture");
              }
              return forwardAndBackward(ranks, norm, shard(ranks));
            });
    assertEquals(
        "rank 1 of 3 replicas failed: IllegalArgumentException: no such picture",
        failure.getMessage());
    assertEquals(List.of(1), failure.ranks());
    assertInstanceOf(IllegalArgumentException.class, failure.getCause());
    assertEquals(Set.of(0, 2), seen.keySet());
  }

  @RepeatedTest(3)
  void aRankThatThrowsInBackwardIsNamedOnAllRanks() {
    BatchNorm1d norm = new BatchNorm1d(3);
    CollectiveException failure =
        failure(
            Replicas.of(3),
            ranks -> {
              Pass pass = Pass.training().withStatistics(SyncBatchNorm.over(ranks));
              Tensor x = pass.watch(shard(ranks));
              Tensor y = norm.forward(x, pass);
              Tensor z =
                  pass.record(
                      "fragile",
                      y.add(0),
                      new Edge(
                          y,
                          (g, p) -> {
                            if (ranks.rank() == 2) {
                              throw new OutOfMemoryError("pretended");
                            }
                            return g;
                          }));
              return pass.backward(pass.sum(z)).of(x);
            });
    assertEquals("rank 2 of 3 replicas failed: OutOfMemoryError: pretended", failure.getMessage());
    assertEquals(Set.of(0, 1), seen.keySet());
  }

  @Test
  void aRankThatIsLateIsNamedWithWhatItDidLast() {
    BatchNorm1d first = new BatchNorm1d(3);
    BatchNorm1d second = new BatchNorm1d(3);
    Sequential model = new Sequential().add("first", first).add("second", second);
    CollectiveException failure =
        failure(
            Replicas.of(3).withDeadline(SHORT),
            ranks -> {
              Pass pass = Pass.training().withStatistics(SyncBatchNorm.over(ranks));
              if (ranks.rank() == 1) {
                first.forward(shard(ranks), pass);
                new CountDownLatch(1).await(); // until it is interrupted
              }
              return model.forward(shard(ranks), pass);
            });
    assertEquals(
        "rank 1 of 3 replicas did not come to BatchNorm1d \"second\" forward of 3 channels within"
            + " 400 ms: it was last seen at BatchNorm1d \"first\" forward of 3 channels; look for"
            + " what holds it up, give the executor a thread for each rank, or allow more with"
            + " withDeadline",
        failure.getMessage());
    assertEquals(List.of(1), failure.ranks());
    assertNull(failure.getCause());
    assertEquals(Set.of(0, 2), seen.keySet());
  }

  @Test
  void ranksThatNeverBeginAreNamed() {
    together = false;
    BatchNorm1d norm = new BatchNorm1d(3);
    try (ExecutorService one = Executors.newSingleThreadExecutor()) {
      CollectiveException failure =
          failure(
              Replicas.of(3).withDeadline(SHORT).withExecutor(one),
              ranks -> forwardAndBackward(ranks, norm, shard(ranks)));
      assertEquals(
          "ranks 1, 2 of 3 replicas did not come to BatchNorm1d forward of 3 channels within 400"
              + " ms: rank 1 has not begun, rank 2 has not begun; look for what holds it up, give"
              + " the executor a thread for each rank, or allow more with withDeadline",
          failure.getMessage());
      assertEquals(List.of(1, 2), failure.ranks());
    }
  }

  @Test
  void anExecutorThatTakesNothingIsAnError() {
    ExecutorService closed = Executors.newSingleThreadExecutor();
    closed.shutdown();
    CollectiveException failure =
        failure(Replicas.of(2).withDeadline(SHORT).withExecutor(closed), Collective::rank);
    assertTrue(
        failure.getMessage().startsWith("rank 0 of 2 replicas failed: RejectedExecution"),
        failure.getMessage());
  }

  @Test
  void ranksThatNeverBeginAreNamedWhereNobodyMeets() {
    together = false;
    try (ExecutorService one = Executors.newSingleThreadExecutor()) {
      CollectiveException failure =
          failure(
              Replicas.of(2).withDeadline(SHORT).withExecutor(one),
              ranks -> {
                new CountDownLatch(1).await(2 * SHORT.toMillis(), TimeUnit.MILLISECONDS);
                return ranks.rank();
              });
      assertTrue(
          failure
              .getMessage()
              .startsWith(
                  "rank 1 of 2 replicas did not finish within 400 ms: it has not begun; look"),
          failure.getMessage());
    }
  }

  @Test
  void aRankThatStaysAwayBehindTheLastMeetingIsNamed() {
    CollectiveException failure =
        failure(
            Replicas.of(2).withDeadline(SHORT),
            ranks -> {
              ranks.gather("hello", new double[0]);
              if (ranks.rank() == 1) {
                new CountDownLatch(1).await();
              }
              return ranks.rank();
            });
    assertTrue(
        failure
            .getMessage()
            .startsWith(
                "rank 1 of 2 replicas did not finish within 400 ms: it was last seen at hello;"),
        failure.getMessage());
  }

  @Test
  void aRankThatDoesNotListenIsLeftBehind() {
    CountDownLatch end = new CountDownLatch(1);
    try {
      CollectiveException failure =
          failure(
              Replicas.of(2).withDeadline(SHORT),
              ranks -> {
                while (ranks.rank() == 1 && end.getCount() > 0) {
                  Thread.onSpinWait();
                }
                return ranks.gather("hello", new double[0]).size();
              });
      assertTrue(
          failure.getMessage().startsWith("rank 1 of 2 replicas did not come to hello within"),
          failure.getMessage());
    } finally {
      end.countDown();
    }
  }

  @RepeatedTest(3)
  void ranksAtDifferentLayersAreNamedOnAllRanks() {
    BatchNorm1d first = new BatchNorm1d(3);
    BatchNorm1d second = new BatchNorm1d(3);
    Sequential model = new Sequential().add("first", first).add("second", second);
    assertEquals("second", second.path());
    CollectiveException failure =
        failure(
            Replicas.of(3),
            ranks ->
                ranks.rank() == 1
                    ? forwardAndBackward(ranks, second, shard(ranks))
                    : model.forward(
                        shard(ranks), Pass.training().withStatistics(SyncBatchNorm.over(ranks))));
    assertTrue(
        failure.getMessage().contains(" do different things: rank ")
            && failure.getMessage().contains("BatchNorm1d \"first\" forward of 3 channels")
            && failure.getMessage().contains("1 is at BatchNorm1d \"second\" forward of 3")
                | failure.getMessage().contains("1 at BatchNorm1d \"second\" forward of 3"),
        failure.getMessage());
    assertTrue(failure.ranks().contains(1));
    assertEquals(Set.of(0, 1, 2), seen.keySet());
  }

  @Test
  void ranksWithDifferentShapesAreNamedOnAllRanks() {
    CollectiveException failure =
        failure(
            Replicas.of(2),
            ranks -> {
              int channels = 3 + ranks.rank();
              return forwardAndBackward(
                  ranks, new BatchNorm1d(channels), Tensor.zeros(4, channels));
            });
    assertEquals(
        "ranks 0, 1 of 2 replicas do different things: rank 0 is at BatchNorm1d forward of 3"
            + " channels, rank 1 at BatchNorm1d forward of 4 channels; every rank must run the same"
            + " layers on samples of the same shape",
        failure.getMessage());
    assertEquals(List.of(0, 1), failure.ranks());
    assertEquals(2, seen.size());
  }

  @RepeatedTest(3)
  void aRankThatFinishesEarlyIsNamed() {
    BatchNorm1d norm = new BatchNorm1d(3);
    CollectiveException failure =
        failure(
            Replicas.of(3),
            ranks ->
                ranks.rank() == 2 ? shard(ranks) : forwardAndBackward(ranks, norm, shard(ranks)));
    assertTrue(
        failure
            .getMessage()
            .matches(
                "rank 2 of 3 replicas has finished, but rank [01] waits for it at BatchNorm1d forward of"
                    + " 3 channels; every rank must run the same layers, those without samples too"),
        failure.getMessage());
    assertEquals(Set.of(0, 1), seen.keySet());
  }

  @Test
  void aLayerThatRefusesItsInputIsTheCause() {
    BatchNorm2d norm = new BatchNorm2d(3);
    CollectiveException failure =
        failure(
            Replicas.of(2),
            ranks ->
                norm.forward(
                    Tensor.zeros(2, ranks.rank() == 0 ? 3 : 5, 2, 2),
                    Pass.training().withStatistics(SyncBatchNorm.over(ranks))));
    assertEquals(
        "rank 1 of 2 replicas failed: ShapeException: BatchNorm2d was built for 3 channels, but"
            + " axis 1 of the input shape (2, 5, 2, 2) has 5",
        failure.getMessage());
  }

  @Test
  void anInterruptedCallerEndsTheRun() throws InterruptedException {
    CountDownLatch waiting = new CountDownLatch(1);
    Thread caller =
        Thread.ofPlatform()
            .start(
                () -> {
                  CollectiveException failure =
                      failure(
                          Replicas.of(2),
                          ranks -> {
                            waiting.countDown();
                            new CountDownLatch(1).await();
                            return 0;
                          });
                  seen.put(-1, failure);
                  assertTrue(Thread.currentThread().isInterrupted());
                });
    waiting.await();
    caller.interrupt();
    caller.join();
    assertEquals("the thread that runs replicas was interrupted", seen.get(-1).getMessage());
  }

  @Test
  void anExecutorGetsItsThreadsBackWithoutAnInterruption() throws Exception {
    try (ExecutorService two = Executors.newFixedThreadPool(2)) {
      for (int i = 0; i < 5; i++) {
        failure(
            Replicas.of(2).withExecutor(two),
            ranks -> {
              if (ranks.rank() == 0) {
                throw new IllegalStateException("on purpose");
              }
              return ranks.gather("hello", new double[0]).size();
            });
        for (int task = 0; task < 2; task++) {
          assertFalse(two.submit(() -> Thread.currentThread().isInterrupted()).get());
        }
      }
      assertEquals(
          List.of(2, 2),
          Replicas.of(2)
              .withExecutor(two)
              .run(ranks -> ranks.gather("hello", new double[0]).size()));
    }
  }
}
