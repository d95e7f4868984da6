package org.batchnorm4j.tensor;

import java.util.Arrays;

/** 2-D average pooling over planes; channels last is pooled through a channels-first copy. */
final class AveragePooling {
  private final Workers workers;
  private final Memory memory;

  AveragePooling(Workers workers, Memory memory) {
    this.workers = workers;
    this.memory = memory;
  }

  Tensor forward(Tensor input, PoolGeometry geometry) {
    Tensor x = MaxPooling.checked("avg_pool2d", input, geometry, memory);
    Shape shape = MaxPooling.pooledShape(x.shape(), geometry);
    Tensor y = memory.allocate(x.dtype(), shape, Layout.CHANNELS_FIRST);
    forEachSample(
        x.shape(),
        (from, end) -> {
          double[] sums = new double[geometry.outWidth()];
          for (int plane = from; plane < end; plane++) {
            int in = x.offset() + plane * geometry.height() * geometry.width();
            int out = plane * geometry.outHeight() * geometry.outWidth();
            if (x.dtype() == DType.FLOAT32) {
              average(x.unsafeFloatArray(), in, y.unsafeFloatArray(), out, geometry, sums);
            } else {
              average(x.unsafeDoubleArray(), in, y.unsafeDoubleArray(), out, geometry);
            }
          }
        });
    return y;
  }

  Tensor gradient(Tensor gradient, PoolGeometry geometry) {
    Tensor g = MaxPooling.first(gradient, memory);
    Shape shape = Shape.of(g.axis(0), g.axis(1), geometry.height(), geometry.width());
    MaxPooling.requireShape(
        "avg_pool2d backward: gradient", g, MaxPooling.pooledShape(shape, geometry));
    Tensor dx = memory.allocate(g.dtype(), shape, Layout.CHANNELS_FIRST);
    forEachSample(
        shape,
        (from, end) -> {
          float[] shares = new float[geometry.outWidth()];
          for (int plane = from; plane < end; plane++) {
            int in = plane * geometry.height() * geometry.width();
            int out = g.offset() + plane * geometry.outHeight() * geometry.outWidth();
            if (g.dtype() == DType.FLOAT32) {
              spread(g.unsafeFloatArray(), out, dx.unsafeFloatArray(), in, geometry, shares);
            } else {
              spread(g.unsafeDoubleArray(), out, dx.unsafeDoubleArray(), in, geometry);
            }
          }
        });
    return dx;
  }

  private interface Planes {
    void visit(int from, int end);
  }

  private void forEachSample(Shape shape, Planes visitor) {
    int channels = (int) shape.axis(1);
    workers.run((int) shape.axis(0), n -> visitor.visit(n * channels, (n + 1) * channels));
  }

  /** Column by column of the window, so that the inner loop runs along a row of the output. */
  private static void average(
      float[] x, int in, float[] y, int out, PoolGeometry geometry, double[] sums) {
    int stride = geometry.strideW();
    int columns = geometry.outWidth();
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      Arrays.fill(sums, 0);
      for (int h = geometry.rowFrom(row); h < geometry.rowTo(row); h++) {
        int line = in + h * geometry.width();
        if (columns == 1) { // a global average
          int from = line + geometry.columnFrom(0);
          sums[0] += SumLoops.run(x, from, line + geometry.columnTo(0) - from);
          continue;
        }
        for (int k = 0; k < geometry.kernelWidth(); k++) {
          int first = line - geometry.paddingW() + k;
          int to = geometry.lastSeeing(k);
          for (int column = geometry.firstSeeing(k); column < to; column++) {
            sums[column] += x[first + column * stride];
          }
        }
      }
      int rows = geometry.rowsCounted(row);
      for (int column = 0; column < columns; column++) {
        y[o++] = (float) (sums[column] / (rows * geometry.columnsCounted(column)));
      }
    }
  }

  private static void average(double[] x, int in, double[] y, int out, PoolGeometry geometry) {
    int width = geometry.width();
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      int lineFrom = in + geometry.rowFrom(row) * width;
      int lineTo = in + geometry.rowTo(row) * width;
      int rows = geometry.rowsCounted(row);
      for (int column = 0; column < geometry.outWidth(); column++) {
        int from = geometry.columnFrom(column);
        int to = geometry.columnTo(column);
        double sum = 0;
        for (int line = lineFrom; line < lineTo; line += width) {
          for (int i = line + from; i < line + to; i++) {
            sum += x[i];
          }
        }
        y[o++] = sum / (rows * geometry.columnsCounted(column));
      }
    }
  }

  private static void spread(
      float[] g, int out, float[] dx, int in, PoolGeometry geometry, float[] shares) {
    int stride = geometry.strideW();
    int columns = geometry.outWidth();
    Arrays.fill(dx, in, in + geometry.height() * geometry.width(), 0f);
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      int rows = geometry.rowsCounted(row);
      for (int column = 0; column < columns; column++) {
        shares[column] = g[o++] / (rows * geometry.columnsCounted(column));
      }
      for (int h = geometry.rowFrom(row); h < geometry.rowTo(row); h++) {
        int line = in + h * geometry.width();
        if (columns == 1) { // a global average
          for (int i = line + geometry.columnFrom(0); i < line + geometry.columnTo(0); i++) {
            dx[i] += shares[0];
          }
          continue;
        }
        for (int k = 0; k < geometry.kernelWidth(); k++) {
          int first = line - geometry.paddingW() + k;
          int to = geometry.lastSeeing(k);
          for (int column = geometry.firstSeeing(k); column < to; column++) {
            dx[first + column * stride] += shares[column];
          }
        }
      }
    }
  }

  private static void spread(double[] g, int out, double[] dx, int in, PoolGeometry geometry) {
    int width = geometry.width();
    Arrays.fill(dx, in, in + geometry.height() * width, 0.0);
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      int lineFrom = in + geometry.rowFrom(row) * width;
      int lineTo = in + geometry.rowTo(row) * width;
      int rows = geometry.rowsCounted(row);
      for (int column = 0; column < geometry.outWidth(); column++) {
        int from = geometry.columnFrom(column);
        int to = geometry.columnTo(column);
        double share = g[o++] / (rows * geometry.columnsCounted(column));
        for (int line = lineFrom; line < lineTo; line += width) {
          for (int i = line + from; i < line + to; i++) {
            dx[i] += share;
          }
        }
      }
    }
  }
}
