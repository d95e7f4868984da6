package org.batchnorm4j.tensor;

import java.util.function.Supplier;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.ChannelMoments;
import org.batchnorm4j.statistics.GradientSums;
import org.jspecify.annotations.Nullable;

/** Runs the normalisation kernels over blocks and threads, and merges blocks in index order. */
final class Normalization {
  private static final int BLOCKS_PER_TASK = 8;
  private static final double[] NONE = {};
  private static final String GRADIENT = "batch_norm backward: gradient";

  private final CpuKernels kernels;
  private final Workers workers;
  private final Memory memory;
  private final NormalizationScratch scratch;

  private Normalization(
      CpuKernels kernels, Workers workers, Memory memory, NormalizationScratch scratch) {
    this.kernels = kernels;
    this.workers = workers;
    this.memory = memory;
    this.scratch = scratch;
  }

  static Normalization of(CpuKernels kernels, Workers workers, Memory memory) {
    return new Normalization(kernels, workers, memory, NormalizationScratch.empty());
  }

  /** The same kernels and scratch memory, with results in other memory. */
  Normalization withMemory(Memory other) {
    return new Normalization(kernels, workers, other, scratch);
  }

  BatchMoments moments(Tensor x) {
    requireFloating(x);
    SumBlocks blocks = ChannelBlocks.of(x).sumBlocks();
    Supplier<NormalizationArrays> arrays = bind(x, x, x, identity(x.axis(1)), NONE, NONE, NONE);
    int count = blocks.rowBlocks();
    int channels = blocks.channels();
    double[][] means = borrow(count, channels);
    double[][] m2s = borrow(count, channels);
    forEachBlock(
        arrays,
        blocks,
        (bound, row, block) -> {
          if (blocks instanceof LongRuns) {
            bound.runMoments(block, means[row], m2s[row]);
          } else {
            bound.stripMoments(block, means[row], m2s[row]);
          }
        });
    double[] mean = new double[channels];
    double[] m2 = new double[channels];
    long merged = 0;
    for (int b = 0; b < count; b++) {
      long added = blocks.block(b, 0).count();
      merged =
          ChannelMoments.mergeInto(merged, mean, m2, 0, added, means[b], 0, m2s[b], 0, channels);
    }
    giveBack(means, channels);
    giveBack(m2s, channels);
    return new BatchMoments(merged, mean, m2);
  }

  private double[][] borrow(int blocks, int channels) {
    double[][] arrays = new double[blocks][];
    for (int b = 0; b < blocks; b++) {
      arrays[b] = scratch.doubles().borrow(channels);
    }
    return arrays;
  }

  private void giveBack(double[][] arrays, int channels) {
    for (double[] array : arrays) {
      scratch.doubles().giveBack(channels, array);
    }
  }

  Tensor standardise(Tensor x, ChannelAffine affine, boolean relu) {
    check(x, affine);
    Tensor y = memory.allocate(x.dtype(), x.shape(), x.layout());
    Supplier<NormalizationArrays> arrays = bind(x, x, y, affine, NONE, NONE, NONE);
    ChannelBlocks blocks = ChannelBlocks.of(x);
    if (blocks.valuesByRuns()) {
      forEachRun(
          arrays,
          blocks,
          (bound, run) ->
              bound.standardiseRuns(run.from(), run.runs(), run.length(), run.channel(), relu));
    } else {
      forEachBlock(
          arrays, blocks.valueStrips(), (bound, row, block) -> bound.standardiseStrip(block, relu));
    }
    return y;
  }

  Tensor standardiseAddRelu(Tensor x, ChannelAffine affine, Tensor residual) {
    check(x, affine);
    Tensor r = sameLayout("batch_norm: what is added before the ReLU", x, residual);
    Tensor y = memory.allocate(x.dtype(), x.shape(), x.layout());
    Supplier<NormalizationArrays> arrays = bind(x, r, y, affine, NONE, NONE, NONE);
    ChannelBlocks blocks = ChannelBlocks.of(x);
    if (blocks.valuesByRuns()) {
      forEachRun(
          arrays,
          blocks,
          (bound, run) ->
              bound.standardiseRunsAddRelu(run.from(), run.runs(), run.length(), run.channel()));
    } else {
      forEachBlock(
          arrays,
          blocks.valueStrips(),
          (bound, row, block) -> bound.standardiseStripAddRelu(block));
    }
    return y;
  }

  GradientSums sums(Tensor x, Tensor gradient, ChannelAffine affine, boolean relu) {
    check(x, affine);
    return sums(x, sameLayout(GRADIENT, x, gradient), affine, relu, null);
  }

  /** Each block is gated with its sums, or right before them while it is in the first caches. */
  GatedGradient gatedSums(Tensor x, Tensor y, Tensor gradient, ChannelAffine affine) {
    check(x, affine);
    Tensor active = sameLayout("batch_norm backward: output", x, y);
    Tensor g = sameLayout(GRADIENT, x, gradient);
    Tensor gated = memory.allocate(x.dtype(), x.shape(), x.layout());
    ReluGate gate = ReluGate.of(kernels, active, g, gated);
    return new GatedGradient(gated, sums(x, gated, affine, false, gate));
  }

  private GradientSums sums(
      Tensor x, Tensor g, ChannelAffine affine, boolean relu, @Nullable ReluGate gate) {
    Supplier<NormalizationArrays> arrays = bind(x, g, g, affine, NONE, NONE, NONE);
    SumBlocks blocks = ChannelBlocks.of(x).sumBlocks();
    int count = blocks.rowBlocks();
    int channels = blocks.channels();
    double[][] g0 = borrow(count, channels);
    double[][] g1 = borrow(count, channels);
    forEachBlock(
        arrays,
        blocks,
        (bound, row, block) -> {
          if (blocks instanceof LongRuns) {
            bound.runSums(block, relu, gate, g0[row], g1[row]);
          } else {
            bound.stripSums(block, relu, gate, g0[row], g1[row]);
          }
        });
    double[] sumG = new double[channels];
    double[] sumGx = new double[channels];
    for (int b = 0; b < count; b++) {
      for (int c = 0; c < channels; c++) {
        sumG[c] += g0[b][c];
        sumGx[c] += g1[b][c];
      }
    }
    giveBack(g0, channels);
    giveBack(g1, channels);
    try (NormalizationArrays bound = arrays.get()) {
      for (int c = 0; c < channels; c++) {
        sumGx[c] += bound.residue(c) * sumG[c];
      }
    }
    return new GradientSums(sumG, sumGx);
  }

  Tensor gradient(
      Tensor x,
      Tensor gradient,
      ChannelAffine affine,
      double[] a,
      double[] b,
      double[] c,
      boolean relu) {
    check(x, affine);
    Tensor g = sameLayout(GRADIENT, x, gradient);
    Tensor dx = memory.allocate(x.dtype(), x.shape(), x.layout());
    Supplier<NormalizationArrays> arrays = bind(x, g, dx, affine, a, b, c);
    ChannelBlocks blocks = ChannelBlocks.of(x);
    if (blocks.valuesByRuns()) {
      forEachRun(
          arrays,
          blocks,
          (bound, run) ->
              bound.runGradient(run.from(), run.runs(), run.length(), run.channel(), relu));
    } else {
      forEachBlock(
          arrays, blocks.valueStrips(), (bound, row, block) -> bound.stripGradient(block, relu));
    }
    return dx;
  }

  /** The arrays for one task after another; a, b and c are empty unless dx is asked for. */
  private Supplier<NormalizationArrays> bind(
      Tensor x, Tensor g, Tensor out, ChannelAffine affine, double[] a, double[] b, double[] c) {
    if (x.dtype() == DType.FLOAT64) {
      NormalizationArrays doubles = new DoubleNormalizationArrays(x, g, out, affine, a, b, c);
      return () -> doubles;
    }
    FloatChannels line = new FloatChannels(affine, a, b, c);
    if (x.dtype() == DType.FLOAT32) {
      NormalizationArrays floats = FloatNormalizationArrays.of(kernels, x, g, out, line, scratch);
      return () -> floats;
    }
    int block = ChannelBlocks.of(x).largestPiece();
    return () -> new HalfNormalizationArrays(kernels, x, g, out, line, scratch, block);
  }

  private static void requireFloating(Tensor x) {
    if (!x.dtype().isFloating()) {
      throw new IllegalArgumentException(
          "batch_norm needs a floating-point tensor, got "
              + x.dtype()
              + " of shape "
              + x.shape()
              + "; convert it with to(DType.FLOAT32)");
    }
  }

  private static ChannelAffine identity(int channels) {
    return new ChannelAffine(new double[channels], new double[channels], new double[channels]);
  }

  private Tensor sameLayout(String what, Tensor x, Tensor g) {
    if (!g.shape().equals(x.shape()) || g.dtype() != x.dtype()) {
      throw new ShapeException(
          what + " " + g.dtype() + g.shape() + " does not fit the input " + x.dtype() + x.shape());
    }
    return Conversion.convert(g, g.dtype(), x.layout(), memory);
  }

  private static void check(Tensor x, ChannelAffine affine) {
    requireFloating(x);
    if (x.rank() < 2 || x.axis(1) != affine.channels()) {
      throw new ShapeException(
          "batch_norm: statistics of "
              + affine.channels()
              + " channels do not fit axis 1 of the input shape "
              + x.shape());
    }
  }

  private interface StripVisitor {
    void visit(NormalizationArrays bound, int rowBlock, StripBlock block);
  }

  private interface RunVisitor {
    void visit(NormalizationArrays bound, ChannelBlocks.RunBlock run);
  }

  private void forEachBlock(
      Supplier<NormalizationArrays> arrays, SumBlocks blocks, StripVisitor visitor) {
    int beside = blocks.channelBlocks();
    forEach(
        blocks.rowBlocks() * beside,
        1,
        arrays,
        (bound, i) -> visitor.visit(bound, i / beside, blocks.block(i / beside, i % beside)));
  }

  private void forEachRun(
      Supplier<NormalizationArrays> arrays, ChannelBlocks blocks, RunVisitor visitor) {
    forEach(
        blocks.runBlocks(),
        BLOCKS_PER_TASK,
        arrays,
        (bound, i) -> visitor.visit(bound, blocks.runBlock(i)));
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
