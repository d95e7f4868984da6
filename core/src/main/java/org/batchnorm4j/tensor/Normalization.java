package org.batchnorm4j.tensor;

import java.util.List;
import java.util.function.Supplier;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.ChannelMoments;
import org.batchnorm4j.statistics.GradientLine;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.statistics.LineOfMoments;
import org.jspecify.annotations.Nullable;

/** Runs the normalisation kernels over blocks and threads, and merges blocks in index order. */
final class Normalization {
  private static final double[] NONE = {};
  private static final GradientLine NO_LINE = new GradientLine(NONE, NONE, NONE);
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
    return moments(x, ChannelBlocks.of(x));
  }

  private BatchMoments moments(Tensor x, ChannelBlocks group) {
    SumBlocks blocks = group.sumBlocks();
    int count = blocks.rowBlocks();
    int channels = blocks.channels();
    Supplier<NormalizationArrays> arrays = bind(x, x, x, identity(channels), NO_LINE, group);
    double[][] means = borrow(count, channels);
    double[][] m2s = borrow(count, channels);
    loops()
        .forEachBlock(
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
    Tensor y = like(x);
    standardise(x, y, affine, relu, ChannelBlocks.of(x));
    return y;
  }

  private void standardise(
      Tensor x, Tensor y, ChannelAffine affine, boolean relu, ChannelBlocks blocks) {
    loops()
        .forEachValue(
            bind(x, x, y, affine, NO_LINE, blocks),
            blocks,
            (bound, run) ->
                bound.standardiseRuns(run.from(), run.runs(), run.length(), run.channel(), relu),
            (bound, row, block) -> bound.standardiseStrip(block, relu));
  }

  Tensor standardiseAddRelu(Tensor x, ChannelAffine affine, Tensor residual) {
    check(x, affine);
    Tensor y = like(x);
    standardiseAddRelu(x, y, affine, residual(x, residual), ChannelBlocks.of(x));
    return y;
  }

  private void standardiseAddRelu(
      Tensor x, Tensor y, ChannelAffine affine, Tensor residual, ChannelBlocks blocks) {
    loops()
        .forEachValue(
            bind(x, residual, y, affine, NO_LINE, blocks),
            blocks,
            (bound, run) ->
                bound.standardiseRunsAddRelu(run.from(), run.runs(), run.length(), run.channel()),
            (bound, row, block) -> bound.standardiseStripAddRelu(block));
  }

  StandardisedBatch standardiseBatch(Tensor x, LineOfMoments line, boolean relu) {
    requireFloating(x);
    Tensor y = like(x);
    return standardiseBatch(
        x, y, line, (inner, affine, group) -> inner.standardise(x, y, affine, relu, group));
  }

  StandardisedBatch standardiseBatchAddRelu(Tensor x, LineOfMoments line, Tensor residual) {
    requireFloating(x);
    Tensor r = residual(x, residual);
    Tensor y = like(x);
    return standardiseBatch(
        x, y, line, (inner, affine, group) -> inner.standardiseAddRelu(x, y, affine, r, group));
  }

  private interface GroupOutput {
    void write(Normalization inner, ChannelAffine affine, ChannelBlocks group);
  }

  private StandardisedBatch standardiseBatch(
      Tensor x, Tensor y, LineOfMoments line, GroupOutput output) {
    List<ChannelBlocks> groups = ChannelBlocks.of(x).groups(workers.threads());
    BatchMoments[] moments = new BatchMoments[groups.size()];
    forEachGroup(
        groups,
        (inner, i) -> {
          ChannelBlocks group = groups.get(i);
          moments[i] = inner.moments(x, group);
          output.write(inner, line.of(moments[i], group.first()), group);
        });
    return new StandardisedBatch(y, BatchMoments.ofGroups(moments));
  }

  GradientSums sums(Tensor x, Tensor gradient, ChannelAffine affine, boolean relu) {
    check(x, affine);
    return sums(x, gradientLike(x, gradient), affine, relu, null, ChannelBlocks.of(x));
  }

  /** Each block is gated with its sums, or right before them while it is in the first caches. */
  GatedGradient gatedSums(Tensor x, Tensor y, Tensor gradient, ChannelAffine affine) {
    check(x, affine);
    Tensor gated = like(x);
    ReluGate gate = gate(x, y, gradient, gated);
    return new GatedGradient(gated, sums(x, gated, affine, false, gate, ChannelBlocks.of(x)));
  }

  private ReluGate gate(Tensor x, Tensor y, Tensor gradient, Tensor gated) {
    Tensor active = sameLayout("batch_norm backward: output", x, y);
    return ReluGate.of(kernels, active, gradientLike(x, gradient), gated);
  }

  private GradientSums sums(
      Tensor x,
      Tensor g,
      ChannelAffine affine,
      boolean relu,
      @Nullable ReluGate gate,
      ChannelBlocks group) {
    Supplier<NormalizationArrays> arrays = bind(x, g, g, affine, NO_LINE, group);
    SumBlocks blocks = group.sumBlocks();
    int count = blocks.rowBlocks();
    int channels = blocks.channels();
    double[][] g0 = borrow(count, channels);
    double[][] g1 = borrow(count, channels);
    loops()
        .forEachBlock(
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
      Tensor x, Tensor gradient, ChannelAffine affine, GradientLine line, boolean relu) {
    check(x, affine);
    Tensor g = gradientLike(x, gradient);
    Tensor dx = like(x);
    gradient(x, g, dx, affine, line, relu, ChannelBlocks.of(x));
    return dx;
  }

  private void gradient(
      Tensor x,
      Tensor g,
      Tensor dx,
      ChannelAffine affine,
      GradientLine line,
      boolean relu,
      ChannelBlocks blocks) {
    loops()
        .forEachValue(
            bind(x, g, dx, affine, line, blocks),
            blocks,
            (bound, run) ->
                bound.runGradient(run.from(), run.runs(), run.length(), run.channel(), relu),
            (bound, row, block) -> bound.stripGradient(block, relu));
  }

  BatchGradient batchGradient(
      Tensor x, Tensor gradient, ChannelAffine affine, GradientLine.OfSums line, boolean relu) {
    check(x, affine);
    return batchGradient(x, gradientLike(x, gradient), affine, line, relu, null);
  }

  BatchGradient gatedBatchGradient(
      Tensor x, Tensor y, Tensor gradient, ChannelAffine affine, GradientLine.OfSums line) {
    check(x, affine);
    Tensor gated = like(x);
    return batchGradient(x, gated, affine, line, false, gate(x, y, gradient, gated));
  }

  private BatchGradient batchGradient(
      Tensor x,
      Tensor g,
      ChannelAffine affine,
      GradientLine.OfSums line,
      boolean relu,
      @Nullable ReluGate gate) {
    Tensor dx = like(x);
    List<ChannelBlocks> groups = ChannelBlocks.of(x).groups(workers.threads());
    GradientSums[] sums = new GradientSums[groups.size()];
    forEachGroup(
        groups,
        (inner, i) -> {
          ChannelBlocks group = groups.get(i);
          int from = group.first();
          ChannelAffine own = affine.channels(from, from + group.count());
          sums[i] = inner.sums(x, g, own, relu, gate, group);
          inner.gradient(x, g, dx, own, line.of(sums[i], from), relu, group);
        });
    return new BatchGradient(dx, g, GradientSums.ofGroups(sums));
  }

  private interface GroupVisitor {
    void visit(Normalization inner, int group);
  }

  /** Each of several groups is the work of one thread. */
  private void forEachGroup(List<ChannelBlocks> groups, GroupVisitor visitor) {
    if (groups.size() == 1) {
      visitor.visit(this, 0);
      return;
    }
    Normalization inner = new Normalization(kernels, Workers.direct(), memory, scratch);
    workers.run(groups.size(), i -> visitor.visit(inner, i));
  }

  private BlockLoops loops() {
    return new BlockLoops(workers);
  }

  private Tensor like(Tensor x) {
    return memory.allocate(x.dtype(), x.shape(), x.layout());
  }

  /** The arrays for one task after another, with the constants of the channels of a group. */
  private Supplier<NormalizationArrays> bind(
      Tensor x,
      Tensor g,
      Tensor out,
      ChannelAffine affine,
      GradientLine gradient,
      ChannelBlocks group) {
    if (x.dtype() == DType.FLOAT64) {
      NormalizationArrays doubles = new DoubleNormalizationArrays(x, g, out, affine, gradient);
      return () -> doubles;
    }
    FloatChannels line = new FloatChannels(affine, gradient);
    if (x.dtype() == DType.FLOAT32) {
      NormalizationArrays floats = FloatNormalizationArrays.of(kernels, x, g, out, line, scratch);
      return () -> floats;
    }
    int block = group.largestPiece();
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

  private Tensor gradientLike(Tensor x, Tensor gradient) {
    return sameLayout(GRADIENT, x, gradient);
  }

  private Tensor residual(Tensor x, Tensor residual) {
    return sameLayout("batch_norm: what is added before the ReLU", x, residual);
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
}
