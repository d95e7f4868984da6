package org.batchnorm4j.nn.parallel;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Runs a piece of work as several ranks at once, threads of this JVM that meet in a {@link
 * Collective}. The usual piece is forward and backward of one shard of a batch:
 *
 * <pre>{@code
 * List<Gradients> gradients = Replicas.of(3).run(collective -> {
 *   Shard shard = Shard.of(collective, x.axis(0));
 *   Pass pass = Pass.training().withStatistics(SyncBatchNorm.over(collective));
 *   Tensor scores = model.forward(shard.of(x), pass);
 *   Tensor loss = Functional.crossEntropy(scores, shard.of(y), pass);
 *   return pass.backward(shard.part(loss, pass));
 * });
 * optimizer.step(GradientTotal.of(gradients));
 * }</pre>
 *
 * <p>Ranks may share one model: parameters are only read, and running statistics are moved by one
 * of them. Results depend on the shards, never on threads or their order.
 *
 * <p>Nobody hangs. A rank that throws, finishes early, goes elsewhere or stays away for longer than
 * the deadline ends the run on all ranks with an error that names it. One that does not even listen
 * to its interruption is left behind after a second deadline. Time in which the whole process is
 * stopped hardly counts.
 *
 * <p>Immutable and safe for use by many threads; each {@link #run} has ranks of its own.
 */
public final class Replicas {
  private static final int MOST = 1024;
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  private final int size;
  private final Duration deadline;
  private final Executor executor;

  private Replicas(int size, Duration deadline, Executor executor) {
    this.size = size;
    this.deadline = deadline;
    this.executor = executor;
  }

  /**
   * Ranks on daemon threads of their own, which may let each other wait for up to 2 minutes.
   *
   * @throws IllegalArgumentException if size is not from 1 to 1,024
   */
  public static Replicas of(int size) {
    if (size < 1 || size > MOST) {
      throw new IllegalArgumentException("replicas must be from 1 to " + MOST + ", got " + size);
    }
    return new Replicas(
        size,
        DEADLINE,
        task -> Thread.ofPlatform().daemon().name("batchnorm4j-replica").start(task));
  }

  /**
   * The same ranks with another limit of how long one may let the others wait.
   *
   * @throws IllegalArgumentException if it is less than a millisecond
   */
  public Replicas withDeadline(Duration limit) {
    if (limit.toMillis() < 1) {
      throw new IllegalArgumentException(
          "the deadline of replicas is at least 1 millisecond, got " + limit);
    }
    return new Replicas(size, limit, executor);
  }

  /**
   * The same ranks on threads of an executor, which stays the caller's to shut down. It must run
   * all ranks at once, since they wait for each other; {@link VirtualBatch} needs one thread.
   */
  public Replicas withExecutor(Executor other) {
    return new Replicas(size, deadline, other);
  }

  /** The number of ranks. */
  public int size() {
    return size;
  }

  /**
   * What each rank does.
   *
   * @param <T> what comes out
   */
  @FunctionalInterface
  public interface Work<T> {

    /**
     * Does the part of one rank.
     *
     * @throws Exception of any kind, which ends the run on all ranks
     */
    T run(Collective collective) throws Exception;
  }

  /**
   * Runs the work on all ranks and waits for them.
   *
   * @return what came out, in the order of ranks
   * @throws CollectiveException if a rank failed or let the others wait for too long, or if the
   *     calling thread was interrupted; the cause is the exception of the first rank that failed
   */
  public <T> List<T> run(Work<T> work) {
    Meeting meeting = new Meeting(size, deadline);
    List<Rank<T>> ranks = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      ranks.add(new Rank<>(meeting, i, work));
    }
    for (Rank<T> rank : ranks) {
      try {
        executor.execute(rank);
      } catch (RejectedExecutionException e) {
        meeting.failed(rank.rank(), e);
      }
    }
    meeting.awaitAll();
    List<T> results = new ArrayList<>();
    for (Rank<T> rank : ranks) {
      results.addAll(rank.result); // one, seen through the lock of the meeting
    }
    return results;
  }

  /** One rank of a run. */
  private static final class Rank<T> implements Runnable, Collective {
    private final Meeting meeting;
    private final int rank;
    private final Work<T> work;
    private List<T> result = List.of();

    Rank(Meeting meeting, int rank, Work<T> work) {
      this.meeting = meeting;
      this.rank = rank;
      this.work = work;
    }

    @Override
    public void run() {
      if (!meeting.begun(rank)) {
        return;
      }
      try {
        result = List.of(work.run(this));
        meeting.finished(rank);
      } catch (Throwable e) { // an Error too must not leave the others waiting
        meeting.failed(rank, e);
      }
    }

    @Override
    public int rank() {
      return rank;
    }

    @Override
    public int size() {
      return meeting.size();
    }

    @Override
    public List<double[]> gather(String operation, double[] values) {
      return meeting.gather(rank, operation, values);
    }

    @Override
    public boolean claim(Object shared) {
      return meeting.claim(rank, shared);
    }
  }
}
