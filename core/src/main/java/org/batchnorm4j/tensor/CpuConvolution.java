package org.batchnorm4j.tensor;

import org.jspecify.annotations.Nullable;

/**
 * Two-dimensional convolution, channels first, as matrix products over unfolded patches (im2col).
 *
 * <p>Work is cut into tasks by the shapes alone and every sum has a fixed order, so results have
 * equal bits for any number of threads. Scratch arrays are kept and used again. Safe for use by
 * many threads on disjoint outputs.
 *
 * @param <A> the array type, {@code float[]} or {@code double[]}
 */
final class CpuConvolution<A> {
  private static final int FEW_POSITIONS = 512;
  private static final int MANY_WEIGHTS = 1 << 18;
  private static final int PATCHES = 1 << 18;
  private static final int PARTIAL_SUMS = 8;
  private static final int CHANNEL_PARTS = 4;
  private static final int TURNED_TOGETHER = 16;
  private static final int CHANNELS_TOGETHER = 128;
  private static final int MERGE_RUN = 1 << 14;

  private final ConvolutionArrays<A> arrays;
  private final MatrixMultiply multiply;
  private final Workers workers;
  private final Scratch<A> scratch;

  private CpuConvolution(ConvolutionArrays<A> arrays, MatrixMultiply multiply, Workers workers) {
    this.arrays = arrays;
    this.multiply = multiply;
    this.workers = workers;
    this.scratch = new Scratch<>(arrays::allocate);
  }

  /** Convolution of float32 arrays. */
  static CpuConvolution<float[]> float32(MatrixMultiply multiply, Workers workers) {
    return new CpuConvolution<>(FloatConvolutionArrays.INSTANCE, multiply, workers);
  }

  /** Convolution of float64 arrays. */
  static CpuConvolution<double[]> float64(MatrixMultiply multiply, Workers workers) {
    return new CpuConvolution<>(DoubleConvolutionArrays.INSTANCE, multiply, workers);
  }

  /** As the longer form, with all tensors at the start of their arrays. */
  void forward(A x, A w, @Nullable A bias, A y, ConvolutionGeometry geometry) {
    forward(x, 0, w, 0, bias, 0, y, 0, geometry);
  }

  /**
   * Writes the convolution of {@code x} with {@code w}, plus {@code bias} per output channel if
   * there is one. The tensors start at the given offsets and have the shapes that {@link
   * ConvolutionGeometry} names.
   *
   * @throws IllegalArgumentException if a tensor does not fit its array
   */
  void forward(
      A x,
      int xFrom,
      A w,
      int wFrom,
      @Nullable A bias,
      int biasFrom,
      A y,
      int yFrom,
      ConvolutionGeometry geometry) {
    check("input", x, xFrom, geometry.inputSize());
    check("weight", w, wFrom, geometry.weightSize());
    check("output", y, yFrom, geometry.outputSize());
    if (bias != null) {
      check("bias", bias, biasFrom, geometry.outChannels());
    }
    new Forward(x, xFrom, w, wFrom, bias, biasFrom, y, yFrom, geometry).run();
  }

  /** As the longer form, with all tensors at the start of their arrays. */
  void inputGradient(A g, A w, A dx, ConvolutionGeometry geometry) {
    inputGradient(g, 0, w, 0, dx, 0, geometry);
  }

  /**
   * Writes the gradient of the input, given the gradient {@code g} of the output.
   *
   * @throws IllegalArgumentException if a tensor does not fit its array
   */
  void inputGradient(
      A g, int gFrom, A w, int wFrom, A dx, int dxFrom, ConvolutionGeometry geometry) {
    check("output gradient", g, gFrom, geometry.outputSize());
    check("weight", w, wFrom, geometry.weightSize());
    check("input gradient", dx, dxFrom, geometry.inputSize());
    if (TransposedConvolution.worthwhile(geometry)) {
      byTurnedWeights(g, gFrom, w, wFrom, dx, dxFrom, geometry);
    } else {
      byFolding(g, gFrom, w, wFrom, dx, dxFrom, geometry);
    }
  }

  /**
   * With stride 1 the input gradient is a convolution of the output gradient with the turned
   * kernels.
   */
  private void byTurnedWeights(
      A g, int gFrom, A w, int wFrom, A dx, int dxFrom, ConvolutionGeometry geometry) {
    int size = geometry.weightSize();
    A turned = scratch.borrow(size);
    int in = geometry.groupInChannels();
    int out = geometry.groupOutChannels();
    int blocks = Math.ceilDiv(in, TURNED_TOGETHER);
    workers.run(
        blocks * geometry.groups(),
        task -> {
          int group = task / blocks;
          int channel = task % blocks * TURNED_TOGETHER;
          int channels = Math.min(TURNED_TOGETHER, in - channel);
          int from = wFrom + (group * out * in + channel) * geometry.kernelPositions();
          int to = (group * in + channel) * out * geometry.kernelPositions();
          arrays.turn(w, from, in, turned, to, out, channels, geometry.kernelPositions());
        });
    forward(g, gFrom, turned, 0, null, 0, dx, dxFrom, TransposedConvolution.of(geometry));
    scratch.giveBack(size, turned);
  }

  private void byFolding(
      A g, int gFrom, A w, int wFrom, A dx, int dxFrom, ConvolutionGeometry geometry) {
    ConvolutionTiling tiling = ConvolutionTiling.ofImages(geometry);
    int tiles = tiling.count();
    if (tiles == 0) {
      return;
    }
    int perChannel =
        Math.multiplyExact(geometry.kernelPositions(), tiling.block(0, 0).columns(geometry));
    Parts parts =
        Parts.of(
            geometry.groupInChannels(),
            Math.ceilDiv((long) geometry.groupInChannels() * perChannel, PATCHES));
    workers.run(
        tiles * geometry.groups() * parts.count(),
        task -> {
          int part = task % parts.count();
          int group = task / parts.count() % geometry.groups();
          PatchBlock block = tiling.block(task / parts.count() / geometry.groups(), group);
          inputGradientTile(
              g,
              gFrom,
              w,
              wFrom,
              dx,
              dxFrom,
              geometry,
              group,
              block.withChannels(block.channel() + parts.from(part), parts.size(part)));
        });
  }

  private void inputGradientTile(
      A g,
      int gFrom,
      A w,
      int wFrom,
      A dx,
      int dxFrom,
      ConvolutionGeometry geometry,
      int group,
      PatchBlock block) {
    int columns = block.columns(geometry);
    int m = block.channels() * geometry.kernelPositions();
    int patchSize = geometry.patchSize();
    int skipped = block.channel() - group * geometry.groupInChannels();
    int weights =
        wFrom
            + group * geometry.groupOutChannels() * patchSize
            + skipped * geometry.kernelPositions();
    OutputRows rows = new OutputRows(g, gFrom, geometry, group, block);
    if (geometry.pointwise() && block.images() == 1) {
      int to =
          dxFrom
              + (block.image() * geometry.inChannels() + block.channel()) * geometry.inPositions();
      arrays.multiply(
          multiply,
          true,
          false,
          m,
          columns,
          geometry.groupOutChannels(),
          w,
          weights,
          patchSize,
          rows.array,
          rows.from,
          rows.leading,
          false,
          dx,
          to,
          columns);
    } else {
      A patches = scratch.borrow(block.size(geometry));
      arrays.multiply(
          multiply,
          true,
          false,
          m,
          columns,
          geometry.groupOutChannels(),
          w,
          weights,
          patchSize,
          rows.array,
          rows.from,
          rows.leading,
          false,
          patches,
          0,
          columns);
      for (int i = 0; i < block.images(); i++) {
        int plane = (block.image() + i) * geometry.inChannels() + block.channel();
        arrays.clear(
            dx, dxFrom + plane * geometry.inPositions(), block.channels() * geometry.inPositions());
      }
      arrays.fold(geometry, block, patches, dx, dxFrom);
      scratch.giveBack(block.size(geometry), patches);
    }
    rows.close();
  }

  /** As the longer form, with all tensors at the start of their arrays. */
  void weightGradient(A x, A g, A dw, ConvolutionGeometry geometry) {
    weightGradient(x, 0, g, 0, dw, 0, geometry);
  }

  /**
   * Writes the gradient of the weight, given the gradient {@code g} of the output. An empty batch
   * gives zeros.
   *
   * @throws IllegalArgumentException if a tensor does not fit its array
   */
  void weightGradient(
      A x, int xFrom, A g, int gFrom, A dw, int dwFrom, ConvolutionGeometry geometry) {
    check("input", x, xFrom, geometry.inputSize());
    check("output gradient", g, gFrom, geometry.outputSize());
    check("weight gradient", dw, dwFrom, geometry.weightSize());
    if (geometry.batch() == 0) {
      arrays.clear(dw, dwFrom, geometry.weightSize());
      return;
    }
    new WeightGradient(x, xFrom, g, gFrom, geometry).write(dw, dwFrom);
  }

  /** As the longer form, with all tensors at the start of their arrays. */
  void biasGradient(A g, A db, ConvolutionGeometry geometry) {
    biasGradient(g, 0, db, 0, geometry);
  }

  /**
   * Writes the gradient of the bias: for each output channel the sum of {@code g}, accumulated in
   * float64.
   *
   * @throws IllegalArgumentException if a tensor does not fit its array
   */
  void biasGradient(A g, int gFrom, A db, int dbFrom, ConvolutionGeometry geometry) {
    check("output gradient", g, gFrom, geometry.outputSize());
    check("bias gradient", db, dbFrom, geometry.outChannels());
    int positions = geometry.outPositions();
    workers.run(
        geometry.outChannels(),
        channel -> {
          double sum = 0;
          for (int image = 0; image < geometry.batch(); image++) {
            sum +=
                arrays.sum(
                    g, gFrom + (image * geometry.outChannels() + channel) * positions, positions);
          }
          arrays.set(db, dbFrom + channel, sum);
        });
  }

  private void check(String tensor, A array, int from, int size) {
    if (from < 0 || from > arrays.length(array) - size) {
      throw new IllegalArgumentException(
          "convolution: the "
              + tensor
              + " of "
              + size
              + " elements at offset "
              + from
              + " does not fit an array of "
              + arrays.length(array));
    }
  }

  /** One forward pass. */
  private final class Forward {
    private final A x;
    private final int xFrom;
    private final A w;
    private final int wFrom;
    private final @Nullable A bias;
    private final int biasFrom;
    private final A y;
    private final int yFrom;
    private final ConvolutionGeometry geometry;

    Forward(
        A x,
        int xFrom,
        A w,
        int wFrom,
        @Nullable A bias,
        int biasFrom,
        A y,
        int yFrom,
        ConvolutionGeometry geometry) {
      this.x = x;
      this.xFrom = xFrom;
      this.w = w;
      this.wFrom = wFrom;
      this.bias = bias;
      this.biasFrom = biasFrom;
      this.y = y;
      this.yFrom = yFrom;
      this.geometry = geometry;
    }

    void run() {
      int all = Math.multiplyExact(geometry.batch(), geometry.outPositions());
      if (all > 0 && all <= FEW_POSITIONS && geometry.weightSize() >= MANY_WEIGHTS) {
        for (int group = 0; group < geometry.groups(); group++) {
          wholeBatch(group, all);
        }
        return;
      }
      ConvolutionTiling tiling = ConvolutionTiling.ofPositions(geometry);
      int tiles = tiling.count();
      workers.run(
          tiles * geometry.groups(),
          task -> tile(tiling.block(task % tiles, task / tiles), task / tiles));
    }

    /**
     * Few positions and many weights: one product whose tiles are output channels, so that no task
     * reads all weights.
     */
    private void wholeBatch(int group, int columns) {
      int patchSize = geometry.patchSize();
      int channels = geometry.groupOutChannels();
      PatchBlock batch =
          new PatchBlock(
              0,
              geometry.batch(),
              0,
              geometry.outHeight(),
              group * geometry.groupInChannels(),
              geometry.groupInChannels());
      A patches = scratch.borrow(Math.multiplyExact(patchSize, columns));
      A products = scratch.borrow(channels * columns);
      Parts inputs = Parts.of(geometry.groupInChannels(), PARTIAL_SUMS);
      workers.run(
          inputs.count(),
          part ->
              arrays.unfold(
                  geometry,
                  batch.withChannels(batch.channel() + inputs.from(part), inputs.size(part)),
                  x,
                  xFrom,
                  patches,
                  inputs.from(part) * geometry.kernelPositions() * columns));
      Parts outputs = Parts.of(channels, Math.ceilDiv(channels, CHANNELS_TOGETHER));
      workers.run(
          outputs.count(),
          part -> {
            int weights = wFrom + (group * channels + outputs.from(part)) * patchSize;
            arrays.multiply(
                multiply,
                false,
                false,
                outputs.size(part),
                columns,
                patchSize,
                w,
                weights,
                patchSize,
                patches,
                0,
                columns,
                false,
                products,
                outputs.from(part) * columns,
                columns);
          });
      scatter(products, group, batch);
      addBias(group, batch);
      scratch.giveBack(channels * columns, products);
      scratch.giveBack(Math.multiplyExact(patchSize, columns), patches);
    }

    private void tile(PatchBlock block, int group) {
      int columns = block.columns(geometry);
      int channels = geometry.groupOutChannels();
      PatchRows patches = new PatchRows(x, xFrom, geometry, block);
      if (block.images() == 1) {
        product(
            group,
            patches,
            columns,
            y,
            outputIndex(group * channels, block.image(), block),
            geometry.outPositions());
      } else {
        A products = scratch.borrow(channels * columns);
        product(group, patches, columns, products, 0, columns);
        scatter(products, group, block);
        scratch.giveBack(channels * columns, products);
      }
      patches.close();
      addBias(group, block);
    }

    private void product(int group, PatchRows patches, int columns, A to, int at, int leading) {
      int channels = geometry.groupOutChannels();
      int patchSize = geometry.patchSize();
      arrays.multiply(
          multiply,
          false,
          false,
          channels,
          columns,
          patchSize,
          w,
          wFrom + group * channels * patchSize,
          patchSize,
          patches.array,
          patches.from,
          patches.leading,
          false,
          to,
          at,
          leading);
    }

    private void scatter(A products, int group, PatchBlock block) {
      int positions = geometry.outPositions();
      int at = 0;
      for (int channel = 0; channel < geometry.groupOutChannels(); channel++) {
        for (int i = 0; i < block.images(); i++) {
          int to =
              outputIndex(group * geometry.groupOutChannels() + channel, block.image() + i, block);
          System.arraycopy(products, at, y, to, positions);
          at += positions;
        }
      }
    }

    private void addBias(int group, PatchBlock block) {
      if (bias == null) {
        return;
      }
      for (int i = 0; i < block.images(); i++) {
        for (int c = 0; c < geometry.groupOutChannels(); c++) {
          int channel = group * geometry.groupOutChannels() + c;
          int to = outputIndex(channel, block.image() + i, block);
          arrays.addConstant(bias, biasFrom + channel, y, to, block.rows() * geometry.outWidth());
        }
      }
    }

    private int outputIndex(int channel, int image, PatchBlock block) {
      return yFrom
          + (image * geometry.outChannels() + channel) * geometry.outPositions()
          + block.row() * geometry.outWidth();
    }
  }

  /** One computation of the weight's gradient. */
  private final class WeightGradient {
    private final A x;
    private final int xFrom;
    private final A g;
    private final int gFrom;
    private final ConvolutionGeometry geometry;
    private final boolean manyWeights;
    private final ConvolutionTiling tiling;

    WeightGradient(A x, int xFrom, A g, int gFrom, ConvolutionGeometry geometry) {
      this.x = x;
      this.xFrom = xFrom;
      this.g = g;
      this.gFrom = gFrom;
      this.geometry = geometry;
      this.manyWeights = geometry.weightSize() >= MANY_WEIGHTS;
      this.tiling =
          manyWeights
              ? ConvolutionTiling.ofLongSums(geometry)
              : ConvolutionTiling.ofPositions(geometry);
    }

    void write(A dw, int dwFrom) {
      if (manyWeights) {
        byChannels(dw, dwFrom);
      } else {
        byPartialSums(dw, dwFrom);
      }
    }

    /** Few weights: each task sums over a part of the batch, and the parts are merged in order. */
    private void byPartialSums(A dw, int dwFrom) {
      int size = geometry.weightSize();
      Parts parts = Parts.of(tiling.count(), PARTIAL_SUMS);
      A partial = scratch.borrow(size * parts.count());
      workers.run(
          parts.count() * geometry.groups(),
          task -> {
            int part = task % parts.count();
            int group = task / parts.count();
            int at = part * size + group * geometry.groupOutChannels() * geometry.patchSize();
            for (int tile = 0; tile < parts.size(part); tile++) {
              addTile(tiling.block(parts.from(part) + tile, group), group, tile > 0, partial, at);
            }
          });
      workers.run(
          Math.ceilDiv(size, MERGE_RUN),
          run -> {
            int from = run * MERGE_RUN;
            int length = Math.min(MERGE_RUN, size - from);
            System.arraycopy(partial, from, dw, dwFrom + from, length);
            for (int part = 1; part < parts.count(); part++) {
              arrays.add(partial, part * size + from, dw, dwFrom + from, length);
            }
          });
      scratch.giveBack(size * parts.count(), partial);
    }

    /** Many weights: each task sums over the whole batch for some of the input channels. */
    private void byChannels(A dw, int dwFrom) {
      Parts parts = Parts.of(geometry.groupInChannels(), CHANNEL_PARTS);
      workers.run(
          parts.count() * geometry.groups(),
          task -> {
            int part = task % parts.count();
            int group = task / parts.count();
            int at =
                dwFrom
                    + group * geometry.groupOutChannels() * geometry.patchSize()
                    + parts.from(part) * geometry.kernelPositions();
            for (int tile = 0; tile < tiling.count(); tile++) {
              PatchBlock block = tiling.block(tile, group);
              addTile(
                  block.withChannels(block.channel() + parts.from(part), parts.size(part)),
                  group,
                  tile > 0,
                  dw,
                  at);
            }
          });
    }

    private void addTile(PatchBlock block, int group, boolean add, A to, int at) {
      int columns = block.columns(geometry);
      PatchRows patches = new PatchRows(x, xFrom, geometry, block);
      OutputRows rows = new OutputRows(g, gFrom, geometry, group, block);
      arrays.multiply(
          multiply,
          false,
          true,
          geometry.groupOutChannels(),
          block.channels() * geometry.kernelPositions(),
          columns,
          rows.array,
          rows.from,
          rows.leading,
          patches.array,
          patches.from,
          patches.leading,
          add,
          to,
          at,
          geometry.patchSize());
      rows.close();
      patches.close();
    }
  }

  /**
   * A block of the patch matrix: the input itself if it serves, else unfolded into scratch memory.
   */
  private final class PatchRows implements AutoCloseable {
    final A array;
    final int from;
    final int leading;
    private final int borrowed;

    PatchRows(A x, int xFrom, ConvolutionGeometry geometry, PatchBlock block) {
      if (geometry.pointwise() && block.images() == 1) {
        borrowed = 0;
        array = x;
        from =
            xFrom
                + (block.image() * geometry.inChannels() + block.channel()) * geometry.inPositions()
                + block.row() * geometry.outWidth();
        leading = geometry.inPositions();
      } else {
        borrowed = block.size(geometry);
        array = scratch.borrow(borrowed);
        from = 0;
        leading = block.columns(geometry);
        arrays.unfold(geometry, block, x, xFrom, array, 0);
      }
    }

    @Override
    public void close() {
      if (borrowed > 0) {
        scratch.giveBack(borrowed, array);
      }
    }
  }

  /**
   * The output gradient at the positions of a block, one row per channel: in place for one image,
   * else gathered.
   */
  private final class OutputRows implements AutoCloseable {
    final A array;
    final int from;
    final int leading;
    private final int borrowed;

    OutputRows(A g, int gFrom, ConvolutionGeometry geometry, int group, PatchBlock block) {
      int channels = geometry.groupOutChannels();
      int positions = geometry.outPositions();
      int first = gFrom + (block.image() * geometry.outChannels() + group * channels) * positions;
      if (block.images() == 1) {
        borrowed = 0;
        array = g;
        from = first + block.row() * geometry.outWidth();
        leading = positions;
        return;
      }
      leading = block.columns(geometry);
      borrowed = channels * leading;
      array = scratch.borrow(borrowed);
      from = 0;
      for (int channel = 0; channel < channels; channel++) {
        for (int i = 0; i < block.images(); i++) {
          int at = first + (i * geometry.outChannels() + channel) * positions;
          System.arraycopy(g, at, array, channel * leading + i * positions, positions);
        }
      }
    }

    @Override
    public void close() {
      if (borrowed > 0) {
        scratch.giveBack(borrowed, array);
      }
    }
  }

  /** A range cut into parts whose sizes differ by at most one. */
  private record Parts(int total, int count) {
    static Parts of(int total, long most) {
      return new Parts(total, Math.clamp(most, 1, total));
    }

    int from(int part) {
      return (int) ((long) total * part / count);
    }

    int size(int part) {
      return from(part + 1) - from(part);
    }
  }
}
