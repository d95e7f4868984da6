package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The timeout ends a hang; no assertion depends on speed. */
@Timeout(60)
class WorkersTest {

  @ParameterizedTest(name = "{0} threads")
  @ValueSource(ints = {1, 2, 3, 7})
  void eachTaskRunsExactlyOnceInEveryKindOfWorkers(int threads) {
    withAllKinds(
        threads,
        workers -> {
          for (int section = 0; section < 300; section++) {
            int tasks = section % 17;
            AtomicIntegerArray runs = new AtomicIntegerArray(tasks + 1);
            workers.run(tasks, runs::incrementAndGet);
            for (int i = 0; i < tasks; i++) {
              assertEquals(1, runs.get(i), "task " + i + " of " + tasks);
            }
            assertEquals(0, runs.get(tasks));
          }
        });
  }

  @Test
  void writesOfTheTasksAreVisibleAfterwards() {
    try (WorkerThreads workers = Workers.of(3)) {
      int[] squares = new int[100];
      int[] expected = new int[100];
      Arrays.setAll(expected, i -> i * i);
      for (int section = 0; section < 1000; section++) {
        Arrays.fill(squares, -1);
        workers.run(100, i -> squares[i] = i * i);
        assertArrayEquals(expected, squares);
      }
    }
  }

  @Test
  void tasksReallyRunAtTheSameTime() {
    try (WorkerThreads workers = Workers.of(3)) {
      CountDownLatch all = new CountDownLatch(3);
      Set<Thread> threads = ConcurrentHashMap.newKeySet();
      workers.run(
          3,
          i -> {
            threads.add(Thread.currentThread());
            all.countDown();
            await(all);
          });
      assertEquals(3, threads.size());
      assertTrue(threads.contains(Thread.currentThread()), "the caller takes part");
    }
  }

  @Test
  void eachThreadBeginsWithAShareOfItsOwn() {
    try (WorkerThreads own = Workers.of(2);
        ExecutorService executor = Executors.newFixedThreadPool(1)) {
      for (Workers workers : List.of(own, Workers.of(executor, 2))) {
        Thread[] threads = new Thread[9];
        CountDownLatch both = new CountDownLatch(2);
        workers.run(
            9,
            i -> {
              threads[i] = Thread.currentThread();
              both.countDown();
              await(both); // so nobody helps with the other's share yet
            });
        assertSame(Thread.currentThread(), threads[0], "the caller's share begins");
        assertNotSame(Thread.currentThread(), threads[4], "the other's share begins");
      }
    }
  }

  @Test
  void sleepingThreadsWakeUpForLaterWork() throws InterruptedException {
    try (WorkerThreads workers = Workers.of(2)) {
      for (int section = 0; section < 20; section++) {
        Thread.sleep(5); // long enough for the thread to go to sleep
        CountDownLatch both = new CountDownLatch(2);
        workers.run(
            2,
            i -> {
              both.countDown();
              await(both);
            });
      }
    }
  }

  @ParameterizedTest(name = "{0} threads")
  @ValueSource(ints = {1, 2, 3, 7})
  void theFailureOfTheLowestTaskIsThrownAfterAllOthersHaveRun(int threads) {
    withAllKinds(
        threads,
        workers -> {
          AtomicInteger finished = new AtomicInteger();
          RuntimeException third = new IllegalStateException("task 3");
          RuntimeException thrown =
              assertThrows(
                  RuntimeException.class,
                  () ->
                      workers.run(
                          50,
                          i -> {
                            if (i == 3) {
                              throw third;
                            }
                            if (i % 10 == 9) {
                              throw new IllegalArgumentException("task " + i);
                            }
                            finished.incrementAndGet();
                          }));
          assertSame(third, thrown);
          assertEquals(44, finished.get());
          AtomicInteger later = new AtomicInteger();
          workers.run(5, i -> later.incrementAndGet());
          assertEquals(5, later.get(), "usable after a failure");
        });
  }

  @ParameterizedTest(name = "{0} threads")
  @ValueSource(ints = {1, 2, 3, 7})
  void aCallFromInsideATaskStaysOnItsThread(int threads) {
    withAllKinds(
        threads,
        workers -> {
          AtomicInteger strangers = new AtomicInteger();
          AtomicInteger inner = new AtomicInteger();
          workers.run(
              8,
              i -> {
                Thread here = Thread.currentThread();
                workers.run(
                    5,
                    j -> {
                      inner.incrementAndGet();
                      strangers.addAndGet(here.equals(Thread.currentThread()) ? 0 : 1);
                    });
              });
          assertEquals(40, inner.get());
          assertEquals(0, strangers.get());
        });
  }

  @Test
  void manyThreadsMayUseTheSameWorkers() throws InterruptedException {
    try (WorkerThreads workers = Workers.of(2);
        ExecutorService callers = Executors.newFixedThreadPool(4)) {
      AtomicInteger runs = new AtomicInteger();
      for (int caller = 0; caller < 4; caller++) {
        callers.execute(
            () -> {
              for (int section = 0; section < 500; section++) {
                workers.run(7, i -> runs.incrementAndGet());
              }
            });
      }
      callers.shutdown();
      assertTrue(callers.awaitTermination(30, java.util.concurrent.TimeUnit.SECONDS));
      assertEquals(4 * 500 * 7, runs.get());
    }
  }

  @Test
  void closedWorkersRunEverythingOnTheCaller() {
    WorkerThreads workers = Workers.of(3);
    workers.close();
    Thread here = Thread.currentThread();
    workers.run(10, i -> assertSame(here, Thread.currentThread()));
  }

  @Test
  void anExecutorThatRefusesOrNeverRunsCannotBlockTheWork() {
    ExecutorService stopped = Executors.newSingleThreadExecutor();
    stopped.shutdown();
    AtomicInteger runs = new AtomicInteger();
    Workers.of(stopped, 4).run(10, i -> runs.incrementAndGet());
    Workers.of(ignored -> {}, 4).run(10, i -> runs.incrementAndGet());
    assertEquals(20, runs.get());
  }

  @Test
  void anInterruptIsKeptAndDoesNotEndTheWait() {
    try (WorkerThreads workers = Workers.of(2)) {
      Thread caller = Thread.currentThread();
      AtomicInteger started = new AtomicInteger();
      AtomicInteger finished = new AtomicInteger();
      caller.interrupt();
      workers.run(
          2,
          i -> {
            started.incrementAndGet();
            while (started.get() < 2) { // both threads have a task
              Thread.onSpinWait();
            }
            if (!caller.equals(Thread.currentThread())) {
              LockSupport.parkNanos(50_000_000); // long enough for the caller to wait asleep
            }
            finished.incrementAndGet();
          });
      assertEquals(2, finished.get());
      assertTrue(Thread.interrupted(), "still interrupted");
    }
  }

  @Test
  void senselessNumbersAreRefused() {
    IllegalArgumentException none =
        assertThrows(IllegalArgumentException.class, () -> Workers.of(0));
    assertEquals("the number of threads must be at least 1, but is 0", none.getMessage());
    IllegalArgumentException negative =
        assertThrows(IllegalArgumentException.class, () -> Workers.direct().run(-1, i -> {}));
    assertEquals("the number of tasks must not be negative, but is -1", negative.getMessage());
  }

  private static void withAllKinds(int threads, Consumer<Workers> test) {
    test.accept(Workers.direct());
    try (WorkerThreads own = Workers.of(threads)) {
      assertEquals(threads, own.threads());
      test.accept(own);
    }
    try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
      test.accept(Workers.of(executor, threads));
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
