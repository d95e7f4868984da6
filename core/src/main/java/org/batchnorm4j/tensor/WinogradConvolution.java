package org.batchnorm4j.tensor;

import java.util.Arrays;
import java.util.function.IntConsumer;
import org.batchnorm4j.kernel.WinogradKernels;
import org.jspecify.annotations.Nullable;

/**
 * float32 convolution with kernels of 3x3 and stride 1 by {@link WinogradKernels}: tiles of all
 * channels are transformed, multiplied as 16 matrices, and transformed back, one part of {@link
 * WinogradTiling} at a time.
 *
 * <p>Work is cut into tasks by the shapes alone and every sum has a fixed order, so results have
 * equal bits for any number of threads. Scratch arrays are kept and used again. Safe for use by
 * many threads on disjoint outputs.
 */
final class WinogradConvolution {
  private static final int ELEMENTS = WinogradKernels.ELEMENTS;
  private static final int TAPS = 9;
  private static final int LEAST_CHANNELS = 32;
  private static final int CHANNELS_TOGETHER = 8;

  /**
   * OpenBLAS takes products of up to so many multiplications without copying the operands first.
   */
  private static final int SMALL_PRODUCT = 1_000_000;

  private static final int ROWS_TOGETHER = 8;

  /** Channels that are summed in one go: short sums, whose sum is taken then, lose less. */
  private static final int DEPTH = 64;

  /** From so many parts on, each is a task: threads meet once per layer, not thrice per part. */
  private static final int PARTS_ALONE = 8;

  /** Sums of the parts' weight gradients, merged in order, where weights are few. */
  private static final int PARTIAL_SUMS = 8;

  private static final int MANY_WEIGHTS = 1 << 18;

  /** Keeps the 16 elements of a tile out of one set of the first-level cache. */
  private static final int APART = 80;

  private final WinogradKernels kernels;
  private final MatrixMultiply multiply;
  private final Workers workers;
  private final Scratch<float[]> scratch = new Scratch<>(float[]::new);

  WinogradConvolution(WinogradKernels kernels, MatrixMultiply multiply, Workers workers) {
    this.kernels = kernels;
    this.multiply = multiply;
    this.workers = workers;
  }

  /** Whether forward pass and weight gradient are possible and cost less than by im2col. */
  static boolean worthwhile(ConvolutionGeometry geometry) {
    return geometry.kernelHeight() == 3
        && geometry.kernelWidth() == 3
        && geometry.strideHeight() == 1
        && geometry.strideWidth() == 1
        && geometry.dilationHeight() == 1
        && geometry.dilationWidth() == 1
        && geometry.groups() == 1
        && geometry.outHeight() % 2 == 0
        && geometry.outWidth() % 2 == 0
        && geometry.inChannels() >= LEAST_CHANNELS
        && geometry.outChannels() >= LEAST_CHANNELS;
  }

  /** Whether the input gradient is. */
  static boolean worthwhileBackwards(ConvolutionGeometry geometry) {
    return worthwhile(geometry)
        && geometry.paddingHeight() <= 2
        && geometry.paddingWidth() <= 2
        && worthwhile(TransposedConvolution.of(geometry));
  }

  /** As {@link CpuConvolution#forward}. */
  void forward(
      TensorRange<float[]> x,
      TensorRange<float[]> w,
      @Nullable TensorRange<float[]> bias,
      TensorRange<float[]> y,
      ConvolutionGeometry geometry) {
    convolve(x, w, false, bias, y, geometry);
  }

  /** As {@link CpuConvolution#inputGradient}. */
  void inputGradient(
      TensorRange<float[]> g,
      TensorRange<float[]> w,
      TensorRange<float[]> dx,
      ConvolutionGeometry geometry) {
    convolve(g, w, true, null, dx, TransposedConvolution.of(geometry));
  }

  /** With {@code turned}, w is (in, out, 3, 3) and read by half a turn. */
  private void convolve(
      TensorRange<float[]> x,
      TensorRange<float[]> w,
      boolean turned,
      @Nullable TensorRange<float[]> bias,
      TensorRange<float[]> y,
      ConvolutionGeometry geometry) {
    WinogradTiling tiling = new WinogradTiling(geometry);
    int in = geometry.inChannels();
    int out = geometry.outChannels();
    int uStride = in * out + APART;
    float[] u = scratch.borrow(ELEMENTS * uStride);
    int rowLength = turned ? out : in;
    forChannels(
        turned ? in : out, row -> transformKernels(w, row * rowLength, rowLength, u, uStride));
    forParts(
        tiling.parts(), number -> convolvePart(tiling.part(number), x, u, turned, bias, y, tiling));
    scratch.giveBack(ELEMENTS * uStride, u);
  }

  private void convolvePart(
      WinogradTiling.Part part,
      TensorRange<float[]> x,
      float[] u,
      boolean turned,
      @Nullable TensorRange<float[]> bias,
      TensorRange<float[]> y,
      WinogradTiling tiling) {
    ConvolutionGeometry geometry = tiling.geometry();
    int in = geometry.inChannels();
    int out = geometry.outChannels();
    int uStride = in * out + APART;
    int vStride = in * tiling.columns() + APART;
    int mStride = out * tiling.columns() + APART;
    float[] v = scratch.borrow(ELEMENTS * vStride);
    float[] m = scratch.borrow(ELEMENTS * mStride);
    int columns = part.images() * part.rows() * tiling.wide();
    forChannels(in, channel -> transformInput(geometry, tiling, part, x, channel, v, vStride));
    int depth = Math.min(DEPTH, in);
    int rows = rowsTogether(out, columns, depth);
    int bands = Math.ceilDiv(out, rows);
    int rowLength = turned ? out : in;
    workers.run(
        ELEMENTS * bands,
        task -> {
          int t = task / bands;
          int row = task % bands * rows;
          int from = (turned ? halfTurn(t) : t) * uStride;
          for (int k = 0; k < in; k += depth) {
            multiply.multiply(
                turned,
                false,
                Math.min(rows, out - row),
                columns,
                Math.min(depth, in - k),
                1f,
                u,
                from + (turned ? k * out + row : row * in + k),
                rowLength,
                v,
                t * vStride + k * columns,
                columns,
                k == 0 ? 0f : 1f,
                m,
                t * mStride + row * columns,
                columns);
          }
        });
    forChannels(
        out,
        channel -> {
          float constant = bias == null ? 0f : bias.array()[bias.from() + channel];
          transformOutput(geometry, tiling, part, m, mStride, constant, y, channel);
        });
    scratch.giveBack(ELEMENTS * mStride, m);
    scratch.giveBack(ELEMENTS * vStride, v);
  }

  /**
   * Where a kernel turned by half a turn has element t: G keeps its rows, the ends trade places.
   */
  private static int halfTurn(int t) {
    return 4 * turnedRow(t / 4) + turnedRow(t % 4);
  }

  private static int turnedRow(int row) {
    return row % 3 == 0 ? 3 - row : row;
  }

  /** The kernels of one row of the weight matrix. */
  private void transformKernels(
      TensorRange<float[]> w, int first, int length, float[] u, int uStride) {
    float[] taps = scratch.borrow(TAPS * length);
    int from = w.from() + first * TAPS;
    for (int i = 0; i < length; i++) {
      for (int tap = 0; tap < TAPS; tap++) {
        taps[tap * length + i] = w.array()[from + i * TAPS + tap];
      }
    }
    kernels.kernel(taps, 0, length, length, u, first, uStride);
    scratch.giveBack(TAPS * length, taps);
  }

  private void transformInput(
      ConvolutionGeometry geometry,
      WinogradTiling tiling,
      WinogradTiling.Part part,
      TensorRange<float[]> x,
      int channel,
      float[] v,
      int stride) {
    int line = tiling.lineRuns() * part.images();
    int length = tiling.wide() * part.images();
    float[] lines = scratch.borrow(tiling.inputSize());
    Arrays.fill(lines, 0, tiling.inputSize(), 0f);
    int plane =
        x.from() + (part.image() * geometry.inChannels() + channel) * geometry.inPositions();
    tiling.gatherInput(
        part, x.array(), plane, geometry.inChannels() * geometry.inPositions(), lines);
    for (int row = 0; row < part.rows(); row++) {
      kernels.input(
          lines,
          2 * row * line,
          line,
          line / 2,
          part.images(),
          length,
          v,
          (channel * part.rows() + row) * length,
          stride);
    }
    scratch.giveBack(tiling.inputSize(), lines);
  }

  private void transformOutput(
      ConvolutionGeometry geometry,
      WinogradTiling tiling,
      WinogradTiling.Part part,
      float[] m,
      int stride,
      float bias,
      TensorRange<float[]> y,
      int channel) {
    int length = tiling.wide() * part.rows() * part.images();
    float[] runs = scratch.borrow(tiling.outputSize());
    kernels.output(
        m, channel * length, stride, length, bias, runs, 0, tiling.tiles() * part.images());
    int image = geometry.outChannels() * geometry.outPositions();
    int plane = y.from() + part.image() * image + channel * geometry.outPositions();
    tiling.scatterOutput(part, runs, y.array(), plane, image);
    scratch.giveBack(tiling.outputSize(), runs);
  }

  private void transformGradient(
      ConvolutionGeometry geometry,
      WinogradTiling tiling,
      WinogradTiling.Part part,
      TensorRange<float[]> g,
      int channel,
      float[] n,
      int stride) {
    int length = tiling.wide() * part.rows() * part.images();
    float[] runs = scratch.borrow(tiling.outputSize());
    int image = geometry.outChannels() * geometry.outPositions();
    int plane = g.from() + part.image() * image + channel * geometry.outPositions();
    tiling.gatherOutput(part, g.array(), plane, image, runs);
    kernels.outputGradient(
        runs, 0, tiling.tiles() * part.images(), length, n, channel * length, stride);
    scratch.giveBack(tiling.outputSize(), runs);
  }

  /** As {@link CpuConvolution#weightGradient}. */
  void weightGradient(
      TensorRange<float[]> x,
      TensorRange<float[]> g,
      TensorRange<float[]> dw,
      ConvolutionGeometry geometry) {
    if (geometry.batch() == 0) {
      Arrays.fill(dw.array(), dw.from(), dw.from() + geometry.weightSize(), 0f);
      return;
    }
    WinogradTiling tiling = new WinogradTiling(geometry);
    int in = geometry.inChannels();
    int out = geometry.outChannels();
    int sStride = in * out + APART;
    int size = ELEMENTS * sStride;
    boolean several = tiling.parts() >= PARTS_ALONE && geometry.weightSize() < MANY_WEIGHTS;
    Parts sums = Parts.of(tiling.parts(), several ? PARTIAL_SUMS : 1);
    float[] s = scratch.borrow(sums.count() * size);
    workers.run(
        sums.count(),
        sum -> {
          for (int number = sums.from(sum); number < sums.from(sum + 1); number++) {
            boolean add = number > sums.from(sum);
            addGradientPart(tiling.part(number), x, g, add, s, sum * size, sStride, tiling);
          }
        });
    workers.run(
        sums.count() == 1 ? 0 : ELEMENTS,
        t -> {
          for (int sum = 1; sum < sums.count(); sum++) {
            int from = t * sStride;
            FloatConvolutionArrays.INSTANCE.add(s, sum * size + from, s, from, in * out);
          }
        });
    forChannels(out, channel -> kernelGradients(s, channel * in, in, sStride, dw));
    scratch.giveBack(sums.count() * size, s);
  }

  /** Adds what a part has of the gradients' transforms to a sum of them. */
  private void addGradientPart(
      WinogradTiling.Part part,
      TensorRange<float[]> x,
      TensorRange<float[]> g,
      boolean add,
      float[] s,
      int sFrom,
      int sStride,
      WinogradTiling tiling) {
    ConvolutionGeometry geometry = tiling.geometry();
    int in = geometry.inChannels();
    int out = geometry.outChannels();
    int vStride = in * tiling.columns() + APART;
    int nStride = out * tiling.columns() + APART;
    float[] v = scratch.borrow(ELEMENTS * vStride);
    float[] n = scratch.borrow(ELEMENTS * nStride);
    int columns = part.images() * part.rows() * tiling.wide();
    forChannels(in, channel -> transformInput(geometry, tiling, part, x, channel, v, vStride));
    forChannels(out, channel -> transformGradient(geometry, tiling, part, g, channel, n, nStride));
    workers.run(
        ELEMENTS,
        t ->
            multiply.multiply(
                false,
                true,
                out,
                in,
                columns,
                1f,
                n,
                t * nStride,
                columns,
                v,
                t * vStride,
                columns,
                add ? 1f : 0f,
                s,
                sFrom + t * sStride,
                in));
    scratch.giveBack(ELEMENTS * nStride, n);
    scratch.giveBack(ELEMENTS * vStride, v);
  }

  /** The gradients of the kernels of one output channel. */
  private void kernelGradients(
      float[] s, int first, int length, int stride, TensorRange<float[]> dw) {
    float[] taps = scratch.borrow(TAPS * length);
    kernels.kernelGradient(s, first, stride, length, taps, 0, length);
    int to = dw.from() + first * TAPS;
    for (int i = 0; i < length; i++) {
      for (int tap = 0; tap < TAPS; tap++) {
        dw.array()[to + i * TAPS + tap] = taps[tap * length + i];
      }
    }
    scratch.giveBack(TAPS * length, taps);
  }

  /** Rows of a product that make it small. */
  private static int rowsTogether(int rows, int columns, int depth) {
    int most = SMALL_PRODUCT / (columns * depth);
    int whole = most - most % ROWS_TOGETHER;
    return Math.clamp(whole, ROWS_TOGETHER, rows);
  }

  /** Many parts are tasks of their own, few share out what they consist of. */
  private void forParts(int parts, IntConsumer task) {
    if (parts >= PARTS_ALONE) {
      workers.run(parts, task);
    } else {
      for (int part = 0; part < parts; part++) {
        task.accept(part);
      }
    }
  }

  private void forChannels(int channels, IntConsumer task) {
    Parts parts = Parts.of(channels, Math.ceilDiv(channels, CHANNELS_TOGETHER));
    workers.run(
        parts.count(),
        part -> {
          for (int channel = parts.from(part); channel < parts.from(part + 1); channel++) {
            task.accept(channel);
          }
        });
  }
}
