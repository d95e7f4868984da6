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
  private final Scratch<float[]> scratch;

  private Normalization(
      CpuKernels kernels, Workers workers, Memory memory, Scratch<float[]> scratch) {
    this.kernels = kernels;
    this.workers = workers;
    this.memory = memory;
    this.scratch = scratch;
  }

  static Normalization of(CpuKernels kernels, Workers workers, Memory memory) {
    return new Normalization(kernels, workers, memory, new Scratch<>(float[]::new));
  }

  /** The same kernels and scratch memory, with results in other memory. */
  Normalization withMemory(Memory other) {
    return new Normalization(kernels, workers, other, scratch);
  }

  BatchMoments moments(Tensor x) {
    requireFloating(x);
    ChannelBlocks blocks = ChannelBlocks.of(x);
    Supplier<NormalizationArrays> arrays = bind(x, x, x, identity(x.axis(1)), NONE, NONE, NONE);
    return blocks.planes() ? planeMoments(arrays, blocks) : rowMoments(arrays, blocks);
  }

  private BatchMoments planeMoments(Supplier<NormalizationArrays> arrays, ChannelBlocks blocks) {
    int perChannel = blocks.planeBlocks();
    int channels = blocks.channels();
    double[] pairs = new double[2 * channels * perChannel];
    forEachPlaneBlock(
        arrays,
        blocks,
        (bound, channel, block, index) ->
            bound.planeMoments(
                block.from(), block.planes(), block.stride(), block.length(), pairs, 2 * index));
    double[] mean = new double[channels];
    double[] m2 = new double[channels];
    for (int c = 0; c < channels; c++) {
      long count = 0;
      for (int b = 0; b < perChannel; b++) {
        ChannelBlocks.PlaneBlock block = blocks.planeBlock(c, b);
        long added = (long) block.planes() * block.length();
        int at = 2 * (c * perChannel + b);
        count = ChannelMoments.mergeInto(count, mean, m2, c, added, pairs, at, pairs, at + 1, 1);
      }
    }
    return new BatchMoments(blocks.count(), mean, m2);
  }

  private BatchMoments rowMoments(Supplier<NormalizationArrays> arrays, ChannelBlocks blocks) {
    int count = blocks.rowBlocks();
    int channels = blocks.channels();
    double[][] means = new double[count][channels];
    double[][] m2s = new double[count][channels];
    forEachRowBlock(
        arrays,
        blocks,
        (bound, index, block) ->
            bound.rowMoments(
                block.from(),
                block.rows(),
                channels,
                block.channels(),
                means[index],
                m2s[index],
                block.channel()));
    double[] mean = new double[channels];
    double[] m2 = new double[channels];
    long merged = 0;
    for (int b = 0; b < count; b++) {
      int rows = blocks.rowBlock(b, 0).rows();
      merged =
          ChannelMoments.mergeInto(merged, mean, m2, 0, rows, means[b], 0, m2s[b], 0, channels);
    }
    return new BatchMoments(merged, mean, m2);
  }

  Tensor standardise(Tensor x, ChannelAffine affine, boolean relu) {
    check(x, affine);
    Tensor y = memory.allocate(x.dtype(), x.shape(), x.layout());
    Supplier<NormalizationArrays> arrays = bind(x, x, y, affine, NONE, NONE, NONE);
    ChannelBlocks blocks = ChannelBlocks.of(x);
    if (blocks.planes()) {
      forEachPlaneBlock(
          arrays,
          blocks,
          (bound, channel, block, index) ->
              bound.standardisePlanes(
                  block.from(), block.planes(), block.stride(), block.length(), channel, relu));
    } else {
      forEachRowBlock(
          arrays,
          blocks,
          (bound, index, block) ->
              bound.standardiseRows(
                  block.from(),
                  block.rows(),
                  blocks.channels(),
                  block.channels(),
                  block.channel(),
                  relu));
    }
    return y;
  }

  Tensor standardiseAddRelu(Tensor x, ChannelAffine affine, Tensor residual) {
    check(x, affine);
    Tensor r = sameLayout("batch_norm: what is added before the ReLU", x, residual);
    Tensor y = memory.allocate(x.dtype(), x.shape(), x.layout());
    Supplier<NormalizationArrays> arrays = bind(x, r, y, affine, NONE, NONE, NONE);
    ChannelBlocks blocks = ChannelBlocks.of(x);
    if (blocks.planes()) {
      forEachPlaneBlock(
          arrays,
          blocks,
          (bound, channel, block, index) ->
              bound.standardisePlanesAddRelu(
                  block.from(), block.planes(), block.stride(), block.length(), channel));
    } else {
      forEachRowBlock(
          arrays,
          blocks,
          (bound, index, block) ->
              bound.standardiseRowsAddRelu(
                  block.from(),
                  block.rows(),
                  blocks.channels(),
                  block.channels(),
                  block.channel()));
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
    ChannelBlocks blocks = ChannelBlocks.of(x);
    int channels = blocks.channels();
    double[] sumG = new double[channels];
    double[] sumGx = new double[channels];
    if (blocks.planes()) {
      int perChannel = blocks.planeBlocks();
      double[] pairs = new double[2 * channels * perChannel];
      forEachPlaneBlock(
          arrays,
          blocks,
          (bound, channel, block, index) -> {
            int from = block.from();
            int runs = block.planes();
            int stride = block.stride();
            int length = block.length();
            if (gate == null) {
              bound.planeSums(from, runs, stride, length, channel, relu, pairs, 2 * index);
            } else {
              bound.planeGatedSums(gate, from, runs, stride, length, channel, pairs, 2 * index);
            }
          });
      for (int i = 0; i < channels * perChannel; i++) {
        sumG[i / perChannel] += pairs[2 * i];
        sumGx[i / perChannel] += pairs[2 * i + 1];
      }
    } else {
      int count = blocks.rowBlocks();
      double[][] g0 = new double[count][channels];
      double[][] g1 = new double[count][channels];
      forEachRowBlock(
          arrays,
          blocks,
          (bound, index, block) -> {
            if (gate != null) {
              gate.pass(block.from(), block.rows(), channels, block.channels());
            }
            bound.rowSums(
                block.from(),
                block.rows(),
                channels,
                block.channels(),
                block.channel(),
                relu,
                g0[index],
                g1[index]);
          });
      for (int b = 0; b < count; b++) {
        for (int c = 0; c < channels; c++) {
          sumG[c] += g0[b][c];
          sumGx[c] += g1[b][c];
        }
      }
    }
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
    if (blocks.planes()) {
      forEachPlaneBlock(
          arrays,
          blocks,
          (bound, channel, block, index) ->
              bound.planeGradient(
                  block.from(), block.planes(), block.stride(), block.length(), channel, relu));
    } else {
      forEachRowBlock(
          arrays,
          blocks,
          (bound, index, block) ->
              bound.rowGradient(
                  block.from(),
                  block.rows(),
                  blocks.channels(),
                  block.channels(),
                  block.channel(),
                  relu));
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
      NormalizationArrays floats = FloatNormalizationArrays.of(kernels, x, g, out, line);
      return () -> floats;
    }
    int block = ChannelBlocks.of(x).largestBlock();
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

  private interface PlaneVisitor {
    void visit(NormalizationArrays bound, int channel, ChannelBlocks.PlaneBlock block, int index);
  }

  private interface RowVisitor {
    void visit(NormalizationArrays bound, int index, ChannelBlocks.RowBlock block);
  }

  private void forEachPlaneBlock(
      Supplier<NormalizationArrays> arrays, ChannelBlocks blocks, PlaneVisitor visitor) {
    int perChannel = blocks.planeBlocks();
    int total = blocks.channels() * perChannel;
    workers.run(
        (total + BLOCKS_PER_TASK - 1) / BLOCKS_PER_TASK,
        task -> {
          int to = Math.min(total, (task + 1) * BLOCKS_PER_TASK);
          try (NormalizationArrays bound = arrays.get()) {
            for (int i = task * BLOCKS_PER_TASK; i < to; i++) {
              int channel = i / perChannel;
              visitor.visit(bound, channel, blocks.planeBlock(channel, i % perChannel), i);
            }
          }
        });
  }

  private void forEachRowBlock(
      Supplier<NormalizationArrays> arrays, ChannelBlocks blocks, RowVisitor visitor) {
    int tiles = blocks.channelTiles();
    workers.run(
        blocks.rowBlocks() * tiles,
        task -> {
          try (NormalizationArrays bound = arrays.get()) {
            visitor.visit(bound, task / tiles, blocks.rowBlock(task / tiles, task % tiles));
          }
        });
  }
}
