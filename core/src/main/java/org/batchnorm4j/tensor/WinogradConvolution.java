package org.batchnorm4j.tensor;

import java.util.Arrays;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
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

  /** So many parts and more are shared out: threads meet once per layer, not thrice per part. */
  private static final int PARTS_ALONE = 8;

  /** Tasks for each thread, so that none waits long for the last one. */
  private static final int TASKS_PER_THREAD = 4;

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
    forParts(tiling.parts(), () -> new OutputParts(x, u, turned, bias, y, tiling));
    scratch.giveBack(ELEMENTS * uStride, u);
  }

  /** What is taken part by part, by one thread. */
  private sealed interface PartTask extends AutoCloseable {
    void take(int number);

    @Override
    void close();
  }

  /** Output of one part after the other. */
  private final class OutputParts implements PartTask {
    private final float[] u;
    private final boolean turned;
    private final int in;
    private final int out;
    private final int uStride;
    private final int vStride;
    private final int mStride;
    private final int depth;
    private final float[] v;
    private final float[] m;
    private final WinogradPart part;
    private final IntConsumer input;
    private final IntConsumer product = this::multiply;
    private final IntConsumer output;
    private int rows;
    private int bands;

    OutputParts(
        TensorRange<float[]> x,
        float[] u,
        boolean turned,
        @Nullable TensorRange<float[]> bias,
        TensorRange<float[]> y,
        WinogradTiling tiling) {
      this.u = u;
      this.turned = turned;
      in = tiling.geometry().inChannels();
      out = tiling.geometry().outChannels();
      uStride = in * out + APART;
      vStride = in * tiling.columns() + APART;
      mStride = out * tiling.columns() + APART;
      depth = Math.min(DEPTH, in);
      v = scratch.borrow(ELEMENTS * vStride);
      m = scratch.borrow(ELEMENTS * mStride);
      WinogradPart moved = new WinogradPart(kernels, scratch, tiling);
      part = moved;
      input = channels(in, channel -> moved.input(x, channel, v, vStride));
      output =
          channels(
              out,
              channel -> {
                float constant = bias == null ? 0f : bias.array()[bias.from() + channel];
                moved.output(m, mStride, constant, y, channel);
              });
    }

    @Override
    public void take(int number) {
      part.moveTo(number);
      rows = rowsTogether(out, part.columns(), depth);
      bands = Math.ceilDiv(out, rows);
      workers.run(tasks(in), input);
      workers.run(ELEMENTS * bands, product);
      workers.run(tasks(out), output);
    }

    private void multiply(int task) {
      int columns = part.columns();
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
            turned ? out : in,
            v,
            t * vStride + k * columns,
            columns,
            k == 0 ? 0f : 1f,
            m,
            t * mStride + row * columns,
            columns);
      }
    }

    @Override
    public void close() {
      scratch.giveBack(ELEMENTS * mStride, m);
      scratch.giveBack(ELEMENTS * vStride, v);
    }
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
          try (PartTask parts = new GradientParts(x, g, s, sum * size, sStride, tiling)) {
            for (int number = sums.from(sum); number < sums.from(sum + 1); number++) {
              parts.take(number);
            }
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

  /** The sum of what one part after the other has of the gradients' transforms. */
  private final class GradientParts implements PartTask {
    private final float[] s;
    private final int sFrom;
    private final int sStride;
    private final int in;
    private final int out;
    private final int vStride;
    private final int nStride;
    private final float[] v;
    private final float[] n;
    private final WinogradPart part;
    private final IntConsumer input;
    private final IntConsumer gradient;
    private final IntConsumer product = this::multiply;
    private boolean started;

    GradientParts(
        TensorRange<float[]> x,
        TensorRange<float[]> g,
        float[] s,
        int sFrom,
        int sStride,
        WinogradTiling tiling) {
      this.s = s;
      this.sFrom = sFrom;
      this.sStride = sStride;
      in = tiling.geometry().inChannels();
      out = tiling.geometry().outChannels();
      vStride = in * tiling.columns() + APART;
      nStride = out * tiling.columns() + APART;
      v = scratch.borrow(ELEMENTS * vStride);
      n = scratch.borrow(ELEMENTS * nStride);
      WinogradPart moved = new WinogradPart(kernels, scratch, tiling);
      part = moved;
      input = channels(in, channel -> moved.input(x, channel, v, vStride));
      gradient = channels(out, channel -> moved.outputGradient(g, channel, n, nStride));
    }

    @Override
    public void take(int number) {
      part.moveTo(number);
      workers.run(tasks(in), input);
      workers.run(tasks(out), gradient);
      workers.run(ELEMENTS, product);
      started = true;
    }

    private void multiply(int t) {
      int columns = part.columns();
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
          started ? 1f : 0f,
          s,
          sFrom + t * sStride,
          in);
    }

    @Override
    public void close() {
      scratch.giveBack(ELEMENTS * nStride, n);
      scratch.giveBack(ELEMENTS * vStride, v);
    }
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

  /** Many parts are shared out to threads, few share out what they consist of. */
  private void forParts(int parts, Supplier<PartTask> taken) {
    if (parts == 0) {
      return;
    }
    int threads = workers.threads();
    int most = parts < PARTS_ALONE || threads == 1 ? 1 : TASKS_PER_THREAD * threads;
    Parts tasks = Parts.of(parts, most);
    workers.run(
        tasks.count(),
        task -> {
          try (PartTask some = taken.get()) {
            for (int number = tasks.from(task); number < tasks.from(task + 1); number++) {
              some.take(number);
            }
          }
        });
  }

  private void forChannels(int channels, IntConsumer task) {
    workers.run(tasks(channels), channels(channels, task));
  }

  /** Number of tasks that take some channels each. */
  private static int tasks(int channels) {
    return Math.ceilDiv(channels, CHANNELS_TOGETHER);
  }

  /** Tasks that take some channels each. */
  private static IntConsumer channels(int channels, IntConsumer task) {
    Parts parts = Parts.of(channels, tasks(channels));
    return part -> {
      for (int channel = parts.from(part); channel < parts.from(part + 1); channel++) {
        task.accept(channel);
      }
    };
  }
}
