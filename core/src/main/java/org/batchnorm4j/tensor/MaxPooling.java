package org.batchnorm4j.tensor;

import java.util.Arrays;

/** 2-D max pooling over planes; channels last is pooled through a channels-first copy. */
final class MaxPooling {
  private final Workers workers;
  private final Memory memory;

  MaxPooling(Workers workers, Memory memory) {
    this.workers = workers;
    this.memory = memory;
  }

  MaxPooled maxPool(Tensor input, PoolGeometry geometry) {
    Tensor x = checked("max_pool2d", input, geometry, memory);
    Shape shape = pooledShape(x.shape(), geometry);
    Tensor y = memory.allocate(x.dtype(), shape, Layout.CHANNELS_FIRST);
    Tensor positions = memory.allocate(DType.INT32, shape, Layout.CHANNELS_FIRST);
    int[] from = ((Storage.Ints) positions.storage()).array();
    int inPlane = geometry.height() * geometry.width();
    int outPlane = geometry.outHeight() * geometry.outWidth();
    int channels = x.axis(1);
    workers.run(
        x.axis(0),
        n -> {
          long[] best = new long[geometry.pairs() ? 0 : geometry.outWidth()];
          for (int c = 0; c < channels; c++) {
            int plane = n * channels + c;
            int in = plane * inPlane;
            if (x.storage() instanceof Storage.Floats floats && geometry.pairs()) {
              maxPairs(
                  floats.array(),
                  x.offset(),
                  in,
                  y.unsafeFloatArray(),
                  from,
                  plane * outPlane,
                  geometry);
            } else if (x.storage() instanceof Storage.Floats floats) {
              maxFloats(
                  floats.array(),
                  x.offset(),
                  in,
                  y.unsafeFloatArray(),
                  from,
                  plane * outPlane,
                  geometry,
                  best);
            } else {
              maxDoubles(x, in, y.unsafeDoubleArray(), from, plane * outPlane, geometry);
            }
          }
        });
    return new MaxPooled(y, positions, x.shape());
  }

  /** Windows of 2x2 without padding: four values and their positions in registers. */
  private static void maxPairs(
      float[] x, int offset, int plane, float[] y, int[] from, int out, PoolGeometry geometry) {
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      int first = plane + row * geometry.strideH() * geometry.width();
      for (int column = 0; column < geometry.outWidth(); column++) {
        int i = first + column * geometry.strideW();
        int j = i + geometry.width();
        int a = sorted(x[offset + i]);
        int b = sorted(x[offset + i + 1]);
        int c = sorted(x[offset + j]);
        int d = sorted(x[offset + j + 1]);
        int lower = less(Math.max(a, b), Math.max(c, d));
        int position = ((i - less(a, b)) & ~lower) | ((j - less(c, d)) & lower);
        y[o] = x[offset + position];
        from[o++] = position;
      }
    }
  }

  /** -1 if a is less than b, else 0; without a branch. */
  private static int less(int a, int b) {
    return (int) (((long) a - b) >> 63);
  }

  /** Column by column of the window, so that the inner loop runs along a row of the output. */
  private static void maxFloats(
      float[] x,
      int offset,
      int plane,
      float[] y,
      int[] from,
      int out,
      PoolGeometry geometry,
      long[] best) {
    int stride = geometry.strideW();
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      Arrays.fill(best, Long.MIN_VALUE);
      for (int h = geometry.rowFrom(row); h < geometry.rowTo(row); h++) {
        for (int k = 0; k < geometry.kernelWidth(); k++) {
          int first = plane + h * geometry.width() - geometry.paddingW() + k;
          int to = geometry.lastSeeing(k);
          for (int column = geometry.firstSeeing(k); column < to; column++) {
            int i = first + column * stride;
            best[column] = Math.max(best[column], ranked(x[offset + i], i));
          }
        }
      }
      for (long winner : best) {
        int position = ~(int) winner;
        y[o] = x[offset + position];
        from[o++] = position;
      }
    }
  }

  /**
   * A number that sorts as the value does, NaN above all, and puts the earlier of equals first. Its
   * lower half is the complement of the position. Comparing these takes no branch, and branches on
   * the data of a max pooling are guessed wrongly every other time.
   */
  private static long ranked(float value, int position) {
    return ((long) sorted(value) << 32) | (~position & 0xffffffffL);
  }

  /** An integer that sorts as the value does, NaN above all. */
  private static int sorted(float value) {
    int bits = Float.floatToIntBits(value + 0f); // -0 equals 0
    return bits ^ ((bits >> 31) & Integer.MAX_VALUE);
  }

  private static void maxDoubles(
      Tensor x, int plane, double[] y, int[] from, int out, PoolGeometry geometry) {
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      for (int column = 0; column < geometry.outWidth(); column++) {
        int best = -1;
        double largest = Double.NEGATIVE_INFINITY;
        for (int h = geometry.rowFrom(row); h < geometry.rowTo(row); h++) {
          int line = plane + h * geometry.width();
          for (int w = geometry.columnFrom(column); w < geometry.columnTo(column); w++) {
            double value = x.valueAt(x.offset() + line + w);
            boolean firstNan = Double.isNaN(value) && !Double.isNaN(largest);
            if (best < 0 || value > largest || firstNan) {
              largest = value;
              best = line + w;
            }
          }
        }
        y[o] = largest;
        from[o++] = best;
      }
    }
  }

  Tensor maxPoolGradient(Tensor g, MaxPooled pooled) {
    requireShape("max_pool2d backward: gradient", g, pooled.output().shape());
    Tensor first = first(g, memory);
    Tensor dx = memory.allocate(g.dtype(), pooled.inputShape(), Layout.CHANNELS_FIRST);
    int[] from = ((Storage.Ints) pooled.positions().storage()).array();
    int batch = dx.axis(0);
    int inSample = batch == 0 ? 0 : dx.size() / batch;
    int outSample = batch == 0 ? 0 : g.size() / batch;
    workers.run(
        batch,
        n -> {
          if (dx.storage() instanceof Storage.Floats out) {
            float[] values = first.unsafeFloatArray();
            Arrays.fill(out.array(), n * inSample, (n + 1) * inSample, 0f);
            for (int i = n * outSample; i < (n + 1) * outSample; i++) {
              out.array()[from[i]] += values[first.offset() + i];
            }
          } else {
            double[] out = dx.unsafeDoubleArray();
            double[] values = first.unsafeDoubleArray();
            Arrays.fill(out, n * inSample, (n + 1) * inSample, 0);
            for (int i = n * outSample; i < (n + 1) * outSample; i++) {
              out[from[i]] += values[first.offset() + i];
            }
          }
        });
    return dx;
  }

  Tensor gather(Tensor input, MaxPooled pooled) {
    requireShape("max_pool2d gather: input", input, pooled.inputShape());
    Tensor x = first(input, memory);
    Tensor y = memory.allocate(x.dtype(), pooled.output().shape(), Layout.CHANNELS_FIRST);
    int[] from = ((Storage.Ints) pooled.positions().storage()).array();
    for (int i = 0; i < y.size(); i++) {
      Conversion.set(y.storage(), y.dtype(), i, x.valueAt(x.offset() + from[i]));
    }
    return y;
  }

  static Tensor checked(String what, Tensor x, PoolGeometry geometry, Memory memory) {
    Elementwise.requireComputing(what, x);
    if (x.rank() != 4 || x.axis(2) != geometry.height() || x.axis(3) != geometry.width()) {
      throw new ShapeException(
          what
              + " expected (N, C, "
              + geometry.height()
              + ", "
              + geometry.width()
              + "), got shape "
              + x.shape());
    }
    return first(x, memory);
  }

  static Tensor first(Tensor x, Memory memory) {
    return Conversion.convert(x, x.dtype(), Layout.CHANNELS_FIRST, memory);
  }

  static void requireShape(String what, Tensor x, Shape expected) {
    if (!x.shape().equals(expected)) {
      throw new ShapeException(
          what + " has shape " + x.shape() + ", but " + expected + " was expected");
    }
  }

  static Shape pooledShape(Shape shape, PoolGeometry geometry) {
    return Shape.of(shape.axis(0), shape.axis(1), geometry.outHeight(), geometry.outWidth());
  }
}
