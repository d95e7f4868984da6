package org.batchnorm4j.nn.parallel;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Where the ranks of one run meet, operation after operation. Safe for use by many threads: one
 * lock guards everything.
 */
final class Meeting {
  /** A deadline passes in slices, so that a process that was stopped meanwhile loses only one. */
  private static final int SLICES = 8;

  private static final String NOT_BEGUN = "has not begun";
  private static final String BEGUN = "was last seen at its beginning";

  private enum Stage {
    WAITED_FOR,
    RUNNING,
    OVER
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Duration deadline;
  private final Stage[] stages;
  private final String[] seen;
  private final @Nullable Thread[] threads;
  private final @Nullable String[] operations;
  private final double[][] values;
  private final IdentityHashMap<Object, Integer> owners = new IdentityHashMap<>();
  private List<double[]> gathered = List.of();
  private long rounds;
  private long events;
  private @Nullable CollectiveException failure;

  Meeting(int size, Duration deadline) {
    this.deadline = deadline;
    stages = new Stage[size];
    Arrays.fill(stages, Stage.WAITED_FOR);
    seen = new String[size];
    Arrays.fill(seen, NOT_BEGUN);
    threads = new Thread[size];
    operations = new String[size];
    values = new double[size][];
  }

  int size() {
    return stages.length;
  }

  /** What guards everything: who holds it does several things of which no rank sees only one. */
  ReentrantLock lock() {
    return lock;
  }

  /** Says that the calling thread is a rank; false if it is too late for that. */
  boolean begun(int rank) {
    lock.lock();
    try {
      if (failure != null) {
        over(rank);
        return false;
      }
      stages[rank] = Stage.RUNNING;
      seen[rank] = BEGUN;
      threads[rank] = Thread.currentThread();
      happened();
      return true;
    } finally {
      lock.unlock();
    }
  }

  void finished(int rank) {
    lock.lock();
    try {
      over(rank);
      for (int other = 0; other < size(); other++) {
        String operation = operations[other];
        if (operation != null) {
          fail(early(rank, other, operation));
          return;
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the run for all ranks, unless it has ended. */
  void failed(int rank, Throwable cause) {
    lock.lock();
    try {
      if (failure == null) {
        fail(
            new CollectiveException(
                name(List.of(rank)) + " failed: " + describe(cause), List.of(rank), cause));
      }
      over(rank);
    } finally {
      lock.unlock();
    }
  }

  private static String describe(Throwable cause) {
    String message = cause.getMessage();
    return cause.getClass().getSimpleName() + (message == null ? "" : ": " + message);
  }

  private void over(int rank) {
    stages[rank] = Stage.OVER;
    if (threads[rank] != null) {
      threads[rank] = null;
      if (failure != null) {
        Thread.interrupted(); // ours, and none of what the thread does next
      }
    }
    happened();
  }

  private void happened() {
    events++;
    changed.signalAll();
  }

  boolean claim(int rank, Object shared) {
    lock.lock();
    try {
      return Objects.requireNonNullElse(owners.putIfAbsent(shared, rank), rank) == rank;
    } finally {
      lock.unlock();
    }
  }

  List<double[]> gather(int rank, String operation, double[] own) {
    lock.lock();
    try {
      requireHealth();
      for (int other = 0; other < size(); other++) {
        String elsewhere = operations[other];
        if (elsewhere != null && !elsewhere.equals(operation)) {
          throw fail(apart(rank, operation, other, elsewhere));
        }
        if (stages[other] == Stage.OVER) {
          throw fail(early(other, rank, operation));
        }
      }
      operations[rank] = operation;
      values[rank] = own;
      seen[rank] = "was last seen at " + operation;
      happened();
      if (Arrays.stream(operations).allMatch(Objects::nonNull)) {
        gathered = List.of(values); // read by all before the next round can end
        Arrays.fill(operations, null);
        rounds++;
        return gathered;
      }
      return awaitOthers(rank, operation);
    } finally {
      lock.unlock();
    }
  }

  /** What all have brought; a failure behind a complete meeting does not undo it. */
  private List<double[]> awaitOthers(int rank, String operation) {
    long round = rounds;
    try {
      if (!await(() -> rounds != round || failure != null)) {
        interrupt(fail(late(operation)).ranks());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (rounds == round && failure == null) {
        fail(
            new CollectiveException(
                name(List.of(rank)) + " was interrupted at " + operation, List.of(rank), e));
      }
    }
    if (rounds == round) {
      requireHealth();
    }
    return gathered;
  }

  private boolean await(BooleanSupplier done) throws InterruptedException {
    for (int slice = 0; slice < SLICES; slice++) {
      long left = deadline.toNanos() / SLICES;
      while (left > 0) {
        if (done.getAsBoolean()) {
          return true;
        }
        left = changed.awaitNanos(left);
      }
    }
    return done.getAsBoolean();
  }

  /** Waits for the end of all ranks, or a failure and as many ends as a deadline brings. */
  void awaitAll() {
    lock.lock();
    try {
      while (failure == null && !allOver()) {
        long before = events;
        boolean news = await(() -> events != before || failure != null || allOver());
        if (!news && someoneWaits()) {
          interrupt(fail(unfinished()).ranks());
        }
      }
      if (failure != null && !await(this::allOver)) {
        interrupt(IntStream.range(0, size()).boxed().toList());
      }
      requireHealth();
    } catch (InterruptedException e) {
      fail(new CollectiveException("the thread that runs replicas was interrupted", List.of(), e));
      interrupt(IntStream.range(0, size()).boxed().toList());
      Thread.currentThread().interrupt();
      requireHealth();
    } finally {
      lock.unlock();
    }
  }

  private boolean allOver() {
    return Arrays.stream(stages).allMatch(Stage.OVER::equals);
  }

  /**
   * Whether the end or the beginning of other ranks is waited for. Where all compute they may take
   * their time, and who waits in a meeting has a deadline of its own.
   */
  private boolean someoneWaits() {
    return Arrays.stream(operations).allMatch(Objects::isNull)
        && !Arrays.stream(stages).allMatch(Stage.RUNNING::equals);
  }

  private CollectiveException fail(CollectiveException reason) {
    if (failure == null) {
      failure = reason;
      changed.signalAll();
    }
    return copy(failure);
  }

  /** For ranks that may be waiting elsewhere; the others come here or to their end. */
  private void interrupt(List<Integer> ranks) {
    for (int rank : ranks) {
      Thread thread = threads[rank];
      if (thread != null) {
        thread.interrupt();
      }
    }
  }

  private void requireHealth() {
    if (failure != null) {
      throw copy(failure);
    }
  }

  /** Each thread throws one with a stack of its own. */
  private static CollectiveException copy(CollectiveException reason) {
    return new CollectiveException(
        Objects.requireNonNull(reason.getMessage()), reason.ranks(), reason.getCause());
  }

  // ---- what is said

  private String name(List<Integer> ranks) {
    String numbers = ranks.stream().map(String::valueOf).collect(Collectors.joining(", "));
    return (ranks.size() == 1 ? "rank " : "ranks ") + numbers + " of " + size() + " replicas";
  }

  private String whereabouts(List<Integer> ranks) {
    List<String> texts = new ArrayList<>();
    for (int rank : ranks) {
      texts.add((ranks.size() == 1 ? "it " : "rank " + rank + " ") + seen[rank]);
    }
    return String.join(", ", texts);
  }

  private CollectiveException late(String operation) {
    List<Integer> missing =
        IntStream.range(0, size()).filter(rank -> operations[rank] == null).boxed().toList();
    return new CollectiveException(
        name(missing)
            + " did not come to "
            + operation
            + " within "
            + deadline.toMillis()
            + " ms: "
            + whereabouts(missing)
            + "; look for what holds it up, give the executor a thread for each rank, or allow more"
            + " with withDeadline",
        missing,
        null);
  }

  private CollectiveException unfinished() {
    List<Stage> all = List.of(stages);
    Stage blamed = all.contains(Stage.WAITED_FOR) ? Stage.WAITED_FOR : Stage.RUNNING;
    List<Integer> missing =
        IntStream.range(0, size()).filter(rank -> stages[rank] == blamed).boxed().toList();
    return new CollectiveException(
        name(missing)
            + " did not finish within "
            + deadline.toMillis()
            + " ms: "
            + whereabouts(missing)
            + "; look for what holds it up, give the executor a thread for each rank, or allow more"
            + " with withDeadline",
        missing,
        null);
  }

  private CollectiveException early(int finished, int waiting, String operation) {
    return new CollectiveException(
        name(List.of(finished))
            + " has finished, but rank "
            + waiting
            + " waits for it at "
            + operation
            + "; every rank must run the same layers, those without samples too",
        List.of(finished),
        null);
  }

  private CollectiveException apart(int rank, String operation, int other, String elsewhere) {
    List<Integer> both = IntStream.of(rank, other).sorted().boxed().toList();
    boolean ordered = rank < other;
    return new CollectiveException(
        name(both)
            + " do different things: rank "
            + both.getFirst()
            + " is at "
            + (ordered ? operation : elsewhere)
            + ", rank "
            + both.getLast()
            + " at "
            + (ordered ? elsewhere : operation)
            + "; every rank must run the same layers on samples of the same shape",
        both,
        null);
  }
}
