package org.batchnorm4j.nn.parallel;

import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.autograd.GradientTotal;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.Memory;
import org.batchnorm4j.tensor.Tensor;

/**
 * One batch in several micro-batches, one after the other on one thread: gradients are accumulated,
 * and batch norm takes one set of statistics over all of them, so that the result is that of the
 * whole batch. Plain accumulation, where each micro-batch is normalised on its own, is not.
 *
 * <p>A layer's statistics depend on those of the layers before it, and its input gradient on sums
 * over everything behind it. So they are found by recomputation, in sweeps over all micro-batches:
 * with L uses of batch norm, L sweeps whose forward ends at the first use without moments, L more
 * whose backward ends at the first use without sums (fewer where inputs need no gradient), and one
 * that computes the gradients.
 *
 * <ul>
 *   <li>A loss that is made of gradients (with {@code createGraph}) asks for more sums, and takes a
 *       sweep for each.
 *   <li>Time: with layers of equal cost about 1.5 L + 1 forward and 0.5 L + 1 backward passes over
 *       the batch, where the whole batch takes one of each.
 *   <li>Memory: activations of one micro-batch, and beside the gradients their float64 sums.
 *       Statistics take 4 numbers per channel.
 * </ul>
 *
 * <p>Running statistics move once, at the end, by the moments of the whole batch; nothing moves if
 * a micro-batch fails. With the same parts the results are the same bits as those of {@link
 * SyncBatchNorm} on {@link Replicas}. Micro-batches may be unequal or empty.
 *
 * <p>Keeps the memory of micro-batches from one batch to the next. Not safe for use by many
 * threads.
 */
public final class VirtualBatch {
  private final BufferPool pool;

  /** One that has taken no memory yet. */
  public VirtualBatch() {
    this(new BufferPool());
  }

  /** One that takes the memory of micro-batches from a pool. */
  public VirtualBatch(BufferPool pool) {
    this.pool = pool;
  }

  /** The loss of one micro-batch. */
  @FunctionalInterface
  public interface Loss {

    /**
     * Computes it, the same each time it is asked.
     *
     * @param microBatch its number, from 0
     * @param pass where to compute
     * @return one number, weighted by the samples of the micro-batch ({@link Shard#part}) if the
     *     sum of all is to be the mean over the batch
     */
    Tensor of(int microBatch, Pass pass);
  }

  /**
   * What came out.
   *
   * @param gradients of the sum of all losses
   * @param loss the sum of all losses
   * @param sweeps how often the micro-batches were run
   */
  public record Result(Gradients gradients, double loss, int sweeps) {}

  /**
   * The gradients of {@code microBatches} training passes on the standard backend, on the heap.
   *
   * @throws IllegalArgumentException if there is no micro-batch
   * @throws IllegalStateException if micro-batches run different layers
   */
  public Result gradients(int microBatches, Loss loss) {
    List<Pass> passes = new ArrayList<>();
    for (int i = 0; i < microBatches; i++) {
      passes.add(Pass.training());
    }
    return gradients(passes, loss, Memory.heap());
  }

  /**
   * The gradients of one pass for each micro-batch, which says mode, backend and random numbers;
   * tape, memory and statistics are brought along.
   *
   * @param memory where gradients lie, and their sums; with an arena, use them before it closes
   * @throws IllegalArgumentException if there is no micro-batch
   * @throws IllegalStateException if micro-batches run different layers
   */
  public Result gradients(List<Pass> passes, Loss loss, Memory memory) {
    if (passes.isEmpty()) {
      throw new IllegalArgumentException("a virtual batch has at least 1 micro-batch, got 0");
    }
    MicroBatchStatistics statistics = new MicroBatchStatistics();
    for (int sweeps = 1; ; sweeps++) {
      GradientTotal total = new GradientTotal(memory);
      double sum = 0;
      for (int i = 0; i < passes.size(); i++) {
        statistics.begin(i);
        sum += run(i, passes.get(i).withStatistics(statistics), loss, total, statistics);
      }
      if (!statistics.learn()) {
        statistics.moveRunningStatistics();
        return new Result(total.gradients(), sum, sweeps);
      }
    }
  }

  /** The loss of one micro-batch, 0 if it ended before that. */
  private double run(
      int microBatch, Pass base, Loss loss, GradientTotal total, MicroBatchStatistics statistics) {
    try (Arena arena = pool.open()) {
      Pass pass = base.recording().withMemory(arena);
      Tensor value = loss.of(microBatch, pass);
      total.add(pass.backward(value));
      statistics.end();
      return value.item();
    } catch (MicroBatchStatistics.Left e) {
      return 0;
    }
  }
}
