package org.batchnorm4j.tensor;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.batchnorm4j.kernel.Bfloat16Kernels;
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
  private static final ChannelAffine NOTHING = new ChannelAffine(NONE, NONE, NONE);
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
    ChannelBlocks blocks = ChannelBlocks.of(x);
    double[] mean = new double[blocks.channels()];
    double[] m2 = new double[blocks.channels()];
    moments(x, blocks, mean, m2);
    return new BatchMoments(blocks.perChannel(), mean, m2);
  }

  /** Writes the moments of a group at the indices of its channels. */
  private void moments(Tensor x, ChannelBlocks group, double[] mean, double[] m2) {
    SumBlocks blocks = group.momentBlocks();
    int count = blocks.rowBlocks();
    int channels = blocks.channels();
    double[][] means = borrow(count, channels);
    double[][] m2s = borrow(count, channels);
    try (FloatChannels none = FloatChannels.of(NOTHING, 0, 0, scratch.floats())) {
      loops(group)
          .forEachBlock(
              bind(x, x, x, none, group),
              blocks,
              (bound, row, block) -> {
                if (blocks instanceof LongRuns) {
                  bound.runMoments(block, means[row], m2s[row]);
                } else {
                  bound.stripMoments(block, means[row], m2s[row]);
                }
              });
    }
    int first = group.first();
    long merged = 0;
    for (int b = 0; b < count; b++) {
      merged =
          ChannelMoments.mergeInto(
              merged, mean, m2, first, blocks.count(b), means[b], 0, m2s[b], 0, channels);
    }
    giveBack(means, channels);
    giveBack(m2s, channels);
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
    try (FloatChannels line = constants(x, affine, blocks)) {
      loops(blocks)
          .forEachValue(
              bind(x, x, y, line, blocks),
              blocks,
              (bound, from, runs, length, channel) ->
                  bound.standardiseRuns(from, runs, length, channel, relu),
              (bound, row, block) -> bound.standardiseStrip(block, relu));
    }
  }

  Tensor standardiseAddRelu(Tensor x, ChannelAffine affine, Tensor residual) {
    check(x, affine);
    Tensor y = like(x);
    standardiseAddRelu(x, y, affine, residual(x, residual), ChannelBlocks.of(x));
    return y;
  }

  private void standardiseAddRelu(
      Tensor x, Tensor y, ChannelAffine affine, Tensor residual, ChannelBlocks blocks) {
    try (FloatChannels line = constants(x, affine, blocks)) {
      loops(blocks)
          .forEachValue(
              bind(x, residual, y, line, blocks),
              blocks,
              NormalizationArrays::standardiseRunsAddRelu,
              (bound, row, block) -> bound.standardiseStripAddRelu(block));
    }
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
    ChannelBlocks all = ChannelBlocks.of(x);
    int channels = all.channels();
    double[] mean = new double[channels];
    double[] m2 = new double[channels];
    BatchMoments moments = new BatchMoments(all.perChannel(), mean, m2);
    ChannelAffine affine = new ChannelAffine(mean, new double[channels], new double[channels]);
    forEachGroup(
        all,
        (inner, group) -> {
          inner.moments(x, group, mean, m2);
          line.write(moments, affine, group.first(), group.end());
          output.write(inner, affine, group);
        });
    return new StandardisedBatch(y, moments, affine);
  }

  GradientSums sums(Tensor x, Tensor gradient, ChannelAffine affine, boolean relu) {
    check(x, affine);
    return sums(x, gradientLike(x, gradient), affine, relu, null);
  }

  private GradientSums sums(
      Tensor x, Tensor g, ChannelAffine affine, boolean relu, @Nullable ReluGate gate) {
    ChannelBlocks blocks = ChannelBlocks.of(x);
    GradientSums sums = noSums(blocks);
    try (FloatChannels line = constants(x, affine, blocks)) {
      sums(x, g, line, relu, gate, blocks, sums);
    }
    return sums;
  }

  private static GradientSums noSums(ChannelBlocks blocks) {
    return new GradientSums(new double[blocks.channels()], new double[blocks.channels()]);
  }

  /** Each block is gated with its sums, or right before them while it is in the first caches. */
  GatedGradient gatedSums(Tensor x, Tensor y, Tensor gradient, ChannelAffine affine) {
    check(x, affine);
    Tensor gated = like(x);
    ReluGate gate = gate(x, y, gradient, gated);
    return new GatedGradient(gated, sums(x, gated, affine, false, gate));
  }

  private ReluGate gate(Tensor x, Tensor y, Tensor gradient, Tensor gated) {
    Tensor active = sameLayout("batch_norm backward: output", x, y);
    return ReluGate.of(kernels, active, gradientLike(x, gradient), gated);
  }

  /** Writes the sums of a group at the indices of its channels, where there are zeros. */
  private void sums(
      Tensor x,
      Tensor g,
      FloatChannels line,
      boolean relu,
      @Nullable ReluGate gate,
      ChannelBlocks group,
      GradientSums sums) {
    Supplier<NormalizationArrays> arrays = bind(x, g, g, line, group);
    SumBlocks blocks = group.gradientBlocks();
    int count = blocks.rowBlocks();
    int channels = blocks.channels();
    double[][] g0 = borrow(count, channels);
    double[][] g1 = borrow(count, channels);
    loops(group)
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
    int first = group.first();
    for (int b = 0; b < count; b++) {
      add(g0[b], sums.sumG(), first, channels);
      add(g1[b], sums.sumGx(), first, channels);
    }
    giveBack(g0, channels);
    giveBack(g1, channels);
    try (NormalizationArrays bound = arrays.get()) {
      for (int c = 0; c < channels; c++) {
        sums.sumGx()[first + c] += bound.residue(c) * sums.sumG()[first + c];
      }
    }
  }

  private static void add(double[] values, double[] sums, int at, int count) {
    for (int i = 0; i < count; i++) {
      sums[at + i] += values[i];
    }
  }

  Tensor gradient(
      Tensor x, Tensor gradient, ChannelAffine affine, GradientLine line, boolean relu) {
    check(x, affine);
    Tensor g = gradientLike(x, gradient);
    Tensor dx = like(x);
    ChannelBlocks blocks = ChannelBlocks.of(x);
    try (FloatChannels constants = constants(x, affine, blocks)) {
      constants.add(line);
      gradient(x, g, dx, constants, relu, blocks);
    }
    return dx;
  }

  private void gradient(
      Tensor x, Tensor g, Tensor dx, FloatChannels line, boolean relu, ChannelBlocks blocks) {
    loops(blocks)
        .forEachValue(
            bind(x, g, dx, line, blocks),
            blocks,
            (bound, from, runs, length, channel) ->
                bound.runGradient(from, runs, length, channel, relu),
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
    ChannelBlocks all = ChannelBlocks.of(x);
    GradientSums sums = noSums(all);
    double[][] abc = borrow(3, all.channels());
    GradientLine gradient = new GradientLine(abc[0], abc[1], abc[2]);
    forEachGroup(
        all,
        (inner, group) -> {
          try (FloatChannels constants = constants(x, affine, group)) {
            inner.sums(x, g, constants, relu, gate, group, sums);
            line.write(sums, gradient, group.first(), group.end());
            constants.add(gradient);
            inner.gradient(x, g, dx, constants, relu, group);
          }
        });
    giveBack(abc, all.channels());
    return new BatchGradient(dx, g, sums);
  }

  private interface GroupVisitor {
    void visit(Normalization inner, ChannelBlocks group);
  }

  /** Each of several groups is the work of one thread. */
  private void forEachGroup(ChannelBlocks all, GroupVisitor visitor) {
    List<ChannelBlocks> groups = all.groups(workers.threads());
    if (groups.size() == 1) {
      visitor.visit(this, all);
      return;
    }
    Normalization inner = new Normalization(kernels, Workers.direct(), memory, scratch);
    workers.run(groups.size(), i -> visitor.visit(inner, groups.get(i)));
  }

  /** Waking another thread takes longer than a small tensor does. */
  private BlockLoops loops(ChannelBlocks blocks) {
    return new BlockLoops(blocks.isSmall() ? Workers.direct() : workers);
  }

  private Tensor like(Tensor x) {
    return memory.allocate(x.dtype(), x.shape(), x.layout());
  }

  /** What the channels of a group are computed with; float64 takes the exact lines alone. */
  private FloatChannels constants(Tensor x, ChannelAffine affine, ChannelBlocks group) {
    int count = x.dtype() == DType.FLOAT64 ? 0 : group.count();
    return FloatChannels.of(affine, group.first(), count, scratch.floats());
  }

  /** The arrays for one task after another, with the constants of the channels of a group. */
  private Supplier<NormalizationArrays> bind(
      Tensor x, Tensor g, Tensor out, FloatChannels line, ChannelBlocks group) {
    if (x.dtype() == DType.FLOAT64) {
      NormalizationArrays doubles =
          new DoubleNormalizationArrays(
              x,
              g,
              out,
              line.affine().channels(group.first(), group.end()),
              line.gradient().channels(group.first(), group.end()));
      return () -> doubles;
    }
    if (x.dtype() == DType.FLOAT32) {
      NormalizationArrays floats = FloatNormalizationArrays.of(kernels, x, g, out, line, scratch);
      return () -> floats;
    }
    int block = group.largestPiece();
    Supplier<HalfNormalizationArrays> tiles =
        () -> new HalfNormalizationArrays(kernels, x, g, out, line, scratch, block);
    Optional<Bfloat16Kernels> direct = kernels.bfloat16();
    if (x.dtype() == DType.FLOAT16 || direct.isEmpty()) {
      return tiles::get;
    }
    Bfloat16Kernels own = direct.get();
    return () -> new Bfloat16NormalizationArrays(own, x, g, out, line, scratch, tiles);
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
