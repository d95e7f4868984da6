package org.batchnorm4j.tensor;

import java.util.Arrays;
import java.util.Locale;
import org.batchnorm4j.kernel.CpuKernels;

/** Element-wise loops: flat for one operand, over broadcast runs for two. */
final class Elementwise {
  private static final int BLOCK = 1 << 15;

  private final CpuKernels kernels;
  private final Workers workers;
  private final Memory memory;

  Elementwise(CpuKernels kernels, Workers workers, Memory memory) {
    this.kernels = kernels;
    this.workers = workers;
    this.memory = memory;
  }

  Tensor unary(UnaryOperation operation, Tensor x) {
    requireComputing(operation.name().toLowerCase(Locale.ROOT), x);
    Tensor y = memory.allocate(x.dtype(), x.shape(), x.layout());
    int size = x.size();
    workers.run(
        (size + BLOCK - 1) / BLOCK,
        task -> {
          int from = task * BLOCK;
          int length = Math.min(BLOCK, size - from);
          if (x.dtype() == DType.FLOAT32) {
            floats(
                operation,
                x.unsafeFloatArray(),
                x.offset() + from,
                y.unsafeFloatArray(),
                from,
                length);
          } else {
            double[] in = x.unsafeDoubleArray();
            double[] out = y.unsafeDoubleArray();
            for (int i = from; i < from + length; i++) {
              out[i] = operation.apply(in[x.offset() + i]);
            }
          }
        });
    return y;
  }

  private static void floats(
      UnaryOperation operation, float[] x, int xFrom, float[] y, int yFrom, int length) {
    switch (operation) {
      case RELU -> {
        for (int i = 0; i < length; i++) {
          y[yFrom + i] = Math.max(x[xFrom + i], 0f);
        }
      }
      case NEG -> {
        for (int i = 0; i < length; i++) {
          y[yFrom + i] = -x[xFrom + i];
        }
      }
      case SQUARE -> {
        for (int i = 0; i < length; i++) {
          y[yFrom + i] = x[xFrom + i] * x[xFrom + i];
        }
      }
      case SQRT -> {
        for (int i = 0; i < length; i++) {
          y[yFrom + i] = (float) Math.sqrt(x[xFrom + i]);
        }
      }
      case ABS, EXP, LOG, RECIPROCAL, TANH, SIGMOID, SIGN, NORMAL_CDF, NORMAL_PDF -> {
        for (int i = 0; i < length; i++) {
          y[yFrom + i] = (float) operation.apply(x[xFrom + i]);
        }
      }
    }
  }

  /** g where y is positive, 0 elsewhere, in the layout of y. */
  Tensor reluGradient(Tensor y, Tensor gradient) {
    if (!y.shape().equals(gradient.shape()) || y.dtype() != gradient.dtype()) {
      throw new ShapeException(
          "relu backward: gradient "
              + gradient.dtype()
              + gradient.shape()
              + " does not fit the output "
              + y.dtype()
              + y.shape());
    }
    Tensor g = Conversion.convert(gradient, gradient.dtype(), y.layout(), memory);
    Tensor dx = memory.allocate(y.dtype(), y.shape(), y.layout());
    ReluGate gate = ReluGate.of(kernels, y, g, dx);
    int size = y.size();
    workers.run(
        (size + BLOCK - 1) / BLOCK,
        task -> {
          int from = task * BLOCK;
          gate.pass(from, 1, 0, Math.min(BLOCK, size - from));
        });
    return dx;
  }

  Tensor binary(BinaryOperation operation, Tensor a, Tensor b) {
    if (a.dtype() != b.dtype()) {
      throw new IllegalArgumentException(
          operation.label()
              + " of "
              + a.dtype()
              + " and "
              + b.dtype()
              + " tensors: convert one of them with to(DType)");
    }
    if (!operation.isComparison() && !(operation.isExactOnIntegers() && isInteger(a.dtype()))) {
      requireComputing(operation.label(), a);
    }
    Shape shape = Broadcast.shape(operation.label(), a.shape(), b.shape());
    Layout layout = a.shape().equals(shape) ? a.layout() : b.layout();
    DType dtype = operation.isComparison() ? DType.BOOL : a.dtype();
    Tensor y = memory.allocate(dtype, shape, layout);
    Broadcast runs = Broadcast.of(y, a, b);
    int runsPerTask = Math.max(1, BLOCK / Math.max(1, runs.runLength()));
    int pieces = runs.runs() == 1 ? (runs.runLength() + BLOCK - 1) / BLOCK : 1;
    int tasks = pieces > 1 ? pieces : (runs.runs() + runsPerTask - 1) / runsPerTask;
    workers.run(
        tasks,
        task -> {
          if (pieces > 1) {
            int from = task * BLOCK;
            run(operation, a, b, y, runs, 0, from, Math.min(BLOCK, runs.runLength() - from));
            return;
          }
          int last = Math.min(runs.runs(), (task + 1) * runsPerTask);
          for (int r = task * runsPerTask; r < last; r++) {
            run(operation, a, b, y, runs, r, 0, runs.runLength());
          }
        });
    return y;
  }

  private static boolean isInteger(DType dtype) {
    return dtype == DType.INT64 || dtype == DType.INT32;
  }

  private static void run(
      BinaryOperation operation,
      Tensor a,
      Tensor b,
      Tensor y,
      Broadcast runs,
      int run,
      int from,
      int length) {
    int[] starts = runs.starts(run);
    int sa = runs.strideA();
    int sb = runs.strideB();
    int iy = starts[0] + from;
    int ia = starts[1] + from * sa;
    int ib = starts[2] + from * sb;
    switch (y.storage()) {
      case Storage.Floats out ->
          PairLoops.floats(
              operation,
              a.unsafeFloatArray(),
              ia,
              sa,
              b.unsafeFloatArray(),
              ib,
              sb,
              out.array(),
              iy,
              length);
      case Storage.Doubles out ->
          PairLoops.doubles(
              operation,
              a.unsafeDoubleArray(),
              ia,
              sa,
              b.unsafeDoubleArray(),
              ib,
              sb,
              out.array(),
              iy,
              length);
      case Storage.Bytes out ->
          PairLoops.comparison(operation, a, ia, sa, b, ib, sb, out.array(), iy, length);
      case Storage.Longs out ->
          PairLoops.integers(operation, a.storage(), ia, sa, b.storage(), ib, sb, out, iy, length);
      case Storage.Ints out ->
          PairLoops.integers(operation, a.storage(), ia, sa, b.storage(), ib, sb, out, iy, length);
      case Storage.Shorts out ->
          throw new IllegalStateException("no arithmetic on " + y.dtype()); // refused before
    }
  }

  /** Repeats values until they fill {@code shape}. */
  Tensor expand(Tensor x, Shape shape) {
    if (x.shape().equals(shape)) {
      return x;
    }
    if (!Broadcast.shape("expand", x.shape(), shape).equals(shape)) {
      throw new ShapeException("cannot expand shape " + x.shape() + " to " + shape);
    }
    Tensor y = memory.allocate(x.dtype(), shape, Layout.CHANNELS_FIRST);
    Broadcast runs = Broadcast.of(y, x, x);
    for (int r = 0; r < runs.runs(); r++) {
      int[] starts = runs.starts(r);
      copy(x, starts[1], runs.strideA(), y, starts[0], runs.runLength());
    }
    return y;
  }

  /** Copies {@code length} values that lie {@code stride} apart in x to adjacent places in y. */
  static void copy(Tensor x, int from, int stride, Tensor y, int to, int length) {
    if (x.storage() instanceof Storage.Floats in && y.storage() instanceof Storage.Floats out) {
      if (stride == 0) {
        Arrays.fill(out.array(), to, to + length, in.array()[from]);
        return;
      }
      for (int i = 0; i < length; i++) {
        out.array()[to + i] = in.array()[from + i * stride];
      }
      return;
    }
    if (x.storage() instanceof Storage.Longs in && y.storage() instanceof Storage.Longs out) {
      for (int i = 0; i < length; i++) {
        out.array()[to + i] = in.array()[from + i * stride]; // a double would lose digits
      }
      return;
    }
    for (int i = 0; i < length; i++) {
      Conversion.set(y.storage(), y.dtype(), to + i, x.valueAt(from + i * stride));
    }
  }

  /** Permutes axes into a channels-first copy. */
  Tensor permute(Tensor x, int... order) {
    int rank = x.rank();
    long[] sizes = new long[rank];
    int[] strides = new int[rank];
    boolean[] seen = new boolean[rank];
    int[] own = Strides.of(x).values();
    if (order.length != rank) {
      throw new ShapeException(
          "permute: order " + Arrays.toString(order) + " does not fit shape " + x.shape());
    }
    for (int i = 0; i < rank; i++) {
      int axis = x.shape().checkedAxis(order[i]);
      if (seen[axis]) {
        throw new ShapeException("permute: axis " + axis + " twice in " + Arrays.toString(order));
      }
      seen[axis] = true;
      sizes[i] = x.shape().axis(axis);
      strides[i] = own[axis];
    }
    Tensor y = memory.allocate(x.dtype(), Shape.of(sizes), Layout.CHANNELS_FIRST);
    Broadcast runs = Broadcast.of(y, strides, x.offset());
    for (int r = 0; r < runs.runs(); r++) {
      int[] starts = runs.starts(r);
      copy(x, starts[1], runs.strideA(), y, starts[0], runs.runLength());
    }
    return y;
  }

  static void requireComputing(String what, Tensor x) {
    if (!x.dtype().computes()) {
      throw new IllegalArgumentException(
          what
              + " needs a float32 or float64 tensor, got "
              + x.dtype()
              + " of shape "
              + x.shape()
              + "; convert it with to(DType.FLOAT32)");
    }
  }
}
