package org.batchnorm4j.tensor;

/** 2-D pooling over planes; channels last is pooled through a channels-first copy. */
final class Pooling {
  private final Workers workers;
  private final Memory memory;

  Pooling(Workers workers, Memory memory) {
    this.workers = workers;
    this.memory = memory;
  }

  MaxPooled maxPool(Tensor input, PoolGeometry geometry) {
    Tensor x = checked("max_pool2d", input, geometry);
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
          for (int c = 0; c < channels; c++) {
            int plane = n * channels + c;
            int in = plane * inPlane;
            if (x.storage() instanceof Storage.Floats floats) {
              maxFloats(
                  floats.array(),
                  x.offset(),
                  in,
                  y.unsafeFloatArray(),
                  from,
                  plane * outPlane,
                  geometry);
            } else {
              maxDoubles(x, in, y.unsafeDoubleArray(), from, plane * outPlane, geometry);
            }
          }
        });
    return new MaxPooled(y, positions, x.shape());
  }

  private static void maxFloats(
      float[] x, int offset, int plane, float[] y, int[] from, int out, PoolGeometry geometry) {
    int o = out;
    for (int row = 0; row < geometry.outHeight(); row++) {
      for (int column = 0; column < geometry.outWidth(); column++) {
        int best = -1;
        float largest = Float.NEGATIVE_INFINITY;
        int columnTo = geometry.columnTo(column);
        for (int h = geometry.rowFrom(row); h < geometry.rowTo(row); h++) {
          int line = plane + h * geometry.width();
          for (int w = geometry.columnFrom(column); w < columnTo; w++) {
            float value = x[offset + line + w];
            if (best < 0 || value > largest || value != value) { // NaN wins
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
            if (best < 0 || value > largest || Double.isNaN(value)) {
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
    Tensor first = g.to(Layout.CHANNELS_FIRST);
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
            java.util.Arrays.fill(out.array(), n * inSample, (n + 1) * inSample, 0f);
            for (int i = n * outSample; i < (n + 1) * outSample; i++) {
              out.array()[from[i]] += values[first.offset() + i];
            }
          } else {
            double[] out = dx.unsafeDoubleArray();
            double[] values = first.unsafeDoubleArray();
            java.util.Arrays.fill(out, n * inSample, (n + 1) * inSample, 0);
            for (int i = n * outSample; i < (n + 1) * outSample; i++) {
              out[from[i]] += values[first.offset() + i];
            }
          }
        });
    return dx;
  }

  Tensor gather(Tensor input, MaxPooled pooled) {
    Tensor x = input.to(Layout.CHANNELS_FIRST);
    Tensor y = memory.allocate(x.dtype(), pooled.output().shape(), Layout.CHANNELS_FIRST);
    int[] from = ((Storage.Ints) pooled.positions().storage()).array();
    for (int i = 0; i < y.size(); i++) {
      Conversion.set(y.storage(), y.dtype(), i, x.valueAt(x.offset() + from[i]));
    }
    return y;
  }

  Tensor averagePool(Tensor input, PoolGeometry geometry) {
    Tensor x = checked("avg_pool2d", input, geometry);
    Tensor y =
        memory.allocate(x.dtype(), pooledShape(x.shape(), geometry), Layout.CHANNELS_FIRST);
    forEachPlane(
        x,
        geometry,
        (plane, out, row, column) -> {
          double sum = 0;
          for (int h = geometry.rowFrom(row); h < geometry.rowTo(row); h++) {
            for (int w = geometry.columnFrom(column); w < geometry.columnTo(column); w++) {
              sum += x.valueAt(x.offset() + plane + h * geometry.width() + w);
            }
          }
          Conversion.set(y.storage(), y.dtype(), out, sum / geometry.divisor(row, column));
        });
    return y;
  }

  Tensor averagePoolGradient(Tensor g, PoolGeometry geometry) {
    Tensor first = g.to(Layout.CHANNELS_FIRST);
    Shape shape = Shape.of(g.axis(0), g.axis(1), geometry.height(), geometry.width());
    Tensor dx = memory.allocate(g.dtype(), shape, Layout.CHANNELS_FIRST);
    dx.fill(0);
    forEachPlane(
        dx,
        geometry,
        (plane, out, row, column) -> {
          double share = first.valueAt(first.offset() + out) / geometry.divisor(row, column);
          for (int h = geometry.rowFrom(row); h < geometry.rowTo(row); h++) {
            for (int w = geometry.columnFrom(column); w < geometry.columnTo(column); w++) {
              int at = plane + h * geometry.width() + w;
              Conversion.set(dx.storage(), dx.dtype(), at, dx.valueAt(at) + share);
            }
          }
        });
    return dx;
  }

  /** Called with the start of an input plane, an output position, and its row and column. */
  private interface Window {
    void visit(int plane, int out, int row, int column);
  }

  private void forEachPlane(Tensor x, PoolGeometry geometry, Window window) {
    int inPlane = geometry.height() * geometry.width();
    int outPlane = geometry.outHeight() * geometry.outWidth();
    int channels = x.axis(1);
    workers.run(
        x.axis(0),
        n -> {
          for (int plane = n * channels; plane < (n + 1) * channels; plane++) {
            for (int o = 0; o < outPlane; o++) {
              window.visit(
                  plane * inPlane,
                  plane * outPlane + o,
                  o / geometry.outWidth(),
                  o % geometry.outWidth());
            }
          }
        });
  }

  private static Tensor checked(String what, Tensor x, PoolGeometry geometry) {
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
    return x.to(Layout.CHANNELS_FIRST);
  }

  private static Shape pooledShape(Shape shape, PoolGeometry geometry) {
    return Shape.of(shape.axis(0), shape.axis(1), geometry.outHeight(), geometry.outWidth());
  }
}
