package org.batchnorm4j.tensor;

import java.util.function.Supplier;

/**
 * Goes over the blocks of a normalisation, some of them a task, each task with arrays of its own.
 */
final class BlockLoops {
  private final Workers workers;

  BlockLoops(Workers workers) {
    this.workers = workers;
  }

  /** Takes a block with the arrays of its task. */
  interface StripVisitor {
    void visit(NormalizationArrays bound, int rowBlock, StripBlock block);
  }

  /**
   * Takes runs that follow one another, each of the next channel, with the arrays of their task.
   */
  interface RunVisitor {
    void visit(NormalizationArrays bound, int from, int runs, int length, int channel);
  }

  /**
   * Blocks whose sums are taken, or strips of values, one below the other and beside each other.
   */
  void forEachBlock(Supplier<NormalizationArrays> arrays, SumBlocks blocks, StripVisitor visitor) {
    int beside = blocks.channelBlocks();
    forEach(
        blocks.rowBlocks() * beside,
        1,
        arrays,
        (bound, i) -> visitor.visit(bound, i / beside, blocks.block(i / beside, i % beside)));
  }

  /** Goes through memory in its order, by runs or by strips. */
  void forEachValue(
      Supplier<NormalizationArrays> arrays,
      ChannelBlocks blocks,
      RunVisitor runs,
      StripVisitor strips) {
    if (blocks.valuesByRuns()) {
      forEach(
          blocks.runBlocks(),
          blocks.runBlocksPerTask(),
          arrays,
          (bound, i) -> blocks.visitRuns(i, bound, runs));
    } else {
      forEachBlock(arrays, blocks.valueStrips(), strips);
    }
  }

  private interface BlockVisitor {
    void visit(NormalizationArrays bound, int block);
  }

  private void forEach(
      int blocks, int perTask, Supplier<NormalizationArrays> arrays, BlockVisitor visitor) {
    workers.run(
        Math.ceilDiv(blocks, perTask),
        task -> {
          int to = Math.min(blocks, (task + 1) * perTask);
          try (NormalizationArrays bound = arrays.get()) {
            for (int i = task * perTask; i < to; i++) {
              visitor.visit(bound, i);
            }
          }
        });
  }
}
