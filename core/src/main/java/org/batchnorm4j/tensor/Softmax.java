package org.batchnorm4j.tensor;

/**
 * Softmax along one axis. The largest value is taken away before the powers, which are added in
 * float64 in the order of the axis; each result is rounded once.
 */
final class Softmax {
  private final Workers workers;
  private final Memory memory;

  Softmax(Workers workers, Memory memory) {
    this.workers = workers;
    this.memory = memory;
  }

  Tensor along(Tensor input, int axis) {
    Elementwise.requireComputing("softmax", input);
    int along = input.shape().checkedAxis(axis);
    Tensor x = Conversion.convert(input, input.dtype(), Layout.CHANNELS_FIRST, memory);
    Tensor y = memory.allocate(x.dtype(), x.shape(), Layout.CHANNELS_FIRST);
    if (x.size() == 0) {
      return y;
    }
    int length = x.axis(along);
    int stride = (int) x.shape().span(along + 1, x.rank());
    workers.run(
        (int) x.shape().span(0, along),
        outer -> {
          double[] line = new double[length];
          for (int inner = 0; inner < stride; inner++) {
            int first = outer * length * stride + inner;
            read(x, x.offset() + first, stride, line);
            normalise(line);
            write(line, y, y.offset() + first, stride);
          }
        });
    return y;
  }

  private static void normalise(double[] line) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double value : line) {
      largest = Math.max(largest, value); // NaN wins, and makes all of the line NaN
    }
    double sum = 0;
    for (int i = 0; i < line.length; i++) {
      line[i] = StrictMath.exp(line[i] - largest);
      sum += line[i];
    }
    for (int i = 0; i < line.length; i++) {
      line[i] /= sum;
    }
  }

  private static void read(Tensor x, int from, int stride, double[] line) {
    if (x.dtype() == DType.FLOAT32) {
      float[] values = x.unsafeFloatArray();
      for (int i = 0; i < line.length; i++) {
        line[i] = values[from + i * stride];
      }
    } else {
      double[] values = x.unsafeDoubleArray();
      for (int i = 0; i < line.length; i++) {
        line[i] = values[from + i * stride];
      }
    }
  }

  private static void write(double[] line, Tensor y, int from, int stride) {
    if (y.dtype() == DType.FLOAT32) {
      float[] values = y.unsafeFloatArray();
      for (int i = 0; i < line.length; i++) {
        values[from + i * stride] = (float) line[i];
      }
    } else {
      double[] values = y.unsafeDoubleArray();
      for (int i = 0; i < line.length; i++) {
        values[from + i * stride] = line[i];
      }
    }
  }
}
