package org.batchnorm4j.tensor;

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
    forEachPlane(
        x.shape(),
        plane -> {
          int in = x.offset() + plane * geometry.height() * geometry.width();
          int out = plane * geometry.outHeight() * geometry.outWidth();
          if (x.dtype() == DType.FLOAT32) {
            average(x.unsafeFloatArray(), in, y.unsafeFloatArray(), out, geometry);
          } else {
            average(x.unsafeDoubleArray(), in, y.unsafeDoubleArray(), out, geometry);
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
    forEachPlane(
        shape,
        plane -> {
          int in = plane * geometry.height() * geometry.width();
          int out = g.offset() + plane * geometry.outHeight() * geometry.outWidth();
          if (g.dtype() == DType.FLOAT32) {
            spread(g.unsafeFloatArray(), out, dx.unsafeFloatArray(), in, geometry);
          } else {
            spread(g.unsafeDoubleArray(), out, dx.unsafeDoubleArray(), in, geometry);
          }
        });
    return dx;
  }

  private interface Plane {
    void visit(int plane);
  }

  private void forEachPlane(Shape shape, Plane visitor) {
    int channels = (int) shape.axis(1);
    workers.run(
        (int) shape.axis(0),
        n -> {
          for (int plane = n * channels; plane < (n + 1) * channels; plane++) {
            visitor.visit(plane);
          }
        });
  }

  private static void average(float[] x, int in, float[] y, int out, PoolGeometry geometry) {
    int width = geometry.width();
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      int lineFrom = in + geometry.rowFrom(row) * width;
      int lineTo = in + geometry.rowTo(row) * width;
      for (int column = 0; column < geometry.outWidth(); column++) {
        int from = geometry.columnFrom(column);
        int to = geometry.columnTo(column);
        double sum = 0;
        for (int line = lineFrom; line < lineTo; line += width) {
          for (int i = line + from; i < line + to; i++) {
            sum += x[i];
          }
        }
        y[o++] = (float) (sum / geometry.divisor(row, column));
      }
    }
  }

  private static void average(double[] x, int in, double[] y, int out, PoolGeometry geometry) {
    int width = geometry.width();
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      int lineFrom = in + geometry.rowFrom(row) * width;
      int lineTo = in + geometry.rowTo(row) * width;
      for (int column = 0; column < geometry.outWidth(); column++) {
        int from = geometry.columnFrom(column);
        int to = geometry.columnTo(column);
        double sum = 0;
        for (int line = lineFrom; line < lineTo; line += width) {
          for (int i = line + from; i < line + to; i++) {
            sum += x[i];
          }
        }
        y[o++] = sum / geometry.divisor(row, column);
      }
    }
  }

  private static void spread(float[] g, int out, float[] dx, int in, PoolGeometry geometry) {
    int width = geometry.width();
    java.util.Arrays.fill(dx, in, in + geometry.height() * width, 0f);
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      int lineFrom = in + geometry.rowFrom(row) * width;
      int lineTo = in + geometry.rowTo(row) * width;
      for (int column = 0; column < geometry.outWidth(); column++) {
        int from = geometry.columnFrom(column);
        int to = geometry.columnTo(column);
        float share = g[o++] / geometry.divisor(row, column);
        for (int line = lineFrom; line < lineTo; line += width) {
          for (int i = line + from; i < line + to; i++) {
            dx[i] += share;
          }
        }
      }
    }
  }

  private static void spread(double[] g, int out, double[] dx, int in, PoolGeometry geometry) {
    int width = geometry.width();
    java.util.Arrays.fill(dx, in, in + geometry.height() * width, 0.0);
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      int lineFrom = in + geometry.rowFrom(row) * width;
      int lineTo = in + geometry.rowTo(row) * width;
      for (int column = 0; column < geometry.outWidth(); column++) {
        int from = geometry.columnFrom(column);
        int to = geometry.columnTo(column);
        double share = g[o++] / geometry.divisor(row, column);
        for (int line = lineFrom; line < lineTo; line += width) {
          for (int i = line + from; i < line + to; i++) {
            dx[i] += share;
          }
        }
      }
    }
  }
}
