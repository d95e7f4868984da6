package org.batchnorm4j.nn.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A meeting seen from two ranks, with what happens between them in a stated order. */
@Timeout(60)
class MeetingTest {
  private static final String OPERATION = "hello";

  private final Meeting meeting = new Meeting(2, Duration.ofMinutes(1));
  private final AtomicReference<Thread> first = new AtomicReference<>();

  private List<double[]> firstRank() {
    first.set(Thread.currentThread());
    meeting.begun(0);
    return meeting.gather(0, OPERATION, new double[] {3});
  }

  /** Nothing that the first rank does waits for a limited time but its meeting with the second. */
  private void awaitFirstRank() throws InterruptedException {
    while (first.get() == null || first.get().getState() != Thread.State.TIMED_WAITING) {
      Thread.sleep(1);
    }
  }

  /** Runs the first rank into the meeting, and then all of {@code second} before it wakes up. */
  private List<double[]> overtaken(Runnable second) throws Exception {
    try (ExecutorService one = Executors.newSingleThreadExecutor()) {
      Future<List<double[]>> result = one.submit(this::firstRank);
      awaitFirstRank();
      meeting.lock().lock();
      try {
        meeting.begun(1);
        second.run();
      } finally {
        meeting.lock().unlock();
      }
      return result.get();
    }
  }

  @Test
  void aFailureThatOvertakesAMeetingHidesNothingOfIt() throws Exception {
    List<double[]> gathered =
        overtaken(
            () -> {
              meeting.gather(1, OPERATION, new double[] {4});
              meeting.failed(1, new IllegalStateException("behind the meeting"));
            });
    assertArrayEquals(new double[] {3}, gathered.get(0));
    assertArrayEquals(new double[] {4}, gathered.get(1));
    CollectiveException next =
        assertThrows(CollectiveException.class, () -> meeting.gather(0, "again", new double[] {5}));
    assertEquals(
        "rank 1 of 2 replicas failed: IllegalStateException: behind the meeting",
        next.getMessage());
  }

  @Test
  void anEndThatOvertakesAMeetingHidesNothingOfIt() throws Exception {
    List<double[]> gathered =
        overtaken(
            () -> {
              meeting.gather(1, OPERATION, new double[] {4});
              meeting.finished(1);
            });
    assertArrayEquals(new double[] {4}, gathered.get(1));
  }

  @Test
  void aFailureInFrontOfAMeetingEndsIt() {
    Exception e =
        assertThrows(
            Exception.class,
            () -> overtaken(() -> meeting.failed(1, new IllegalStateException("in front"))));
    assertEquals(CollectiveException.class, e.getCause().getClass());
    assertEquals(
        "rank 1 of 2 replicas failed: IllegalStateException: in front", e.getCause().getMessage());
  }
}
