package org.batchnorm4j.tensor;

import java.util.Arrays;

/** Convolution on {@code double[]}; {@link FloatConvolutionArrays} is the float32 twin. */
enum DoubleConvolutionArrays implements ConvolutionArrays<double[]> {
  INSTANCE;

  @Override
  public double[] allocate(int length) {
    return new double[length];
  }

  @Override
  public int length(double[] array) {
    return array.length;
  }

  @Override
  public void multiply(
      MatrixMultiply by,
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      MatrixRange<double[]> a,
      MatrixRange<double[]> b,
      boolean add,
      MatrixRange<double[]> c) {
    by.multiply(
        transposeA,
        transposeB,
        m,
        n,
        k,
        1.0,
        a.array(),
        a.from(),
        a.leading(),
        b.array(),
        b.from(),
        b.leading(),
        add ? 1.0 : 0.0,
        c.array(),
        c.from(),
        c.leading());
  }

  @Override
  public void unfold(
      ConvolutionGeometry geometry,
      PatchBlock block,
      double[] x,
      int xFrom,
      double[] patches,
      int patchesFrom) {
    if (SmallPlanes.worthwhile(geometry)) {
      unfoldSmall(geometry, block, x, xFrom, patches, patchesFrom);
      return;
    }
    PatchWindow window = new PatchWindow(geometry, block);
    int at = patchesFrom;
    while (window.next()) {
      for (int image = 0; image < block.images(); image++) {
        unfoldPlane(window, x, xFrom + window.plane(image), patches, at);
        at += window.positions;
      }
    }
  }

  private static void unfoldSmall(
      ConvolutionGeometry geometry,
      PatchBlock block,
      double[] x,
      int xFrom,
      double[] patches,
      int patchesFrom) {
    int[] sources = SmallPlanes.sources(geometry);
    int columns = block.columns(geometry);
    int inPositions = geometry.inPositions();
    int positions = geometry.outPositions();
    int kernelPositions = geometry.kernelPositions();
    double[] plane = new double[inPositions + 1]; // the last element stays 0, for the padding
    for (int channel = 0; channel < block.channels(); channel++) {
      for (int image = 0; image < block.images(); image++) {
        int from =
            ((block.image() + image) * geometry.inChannels() + block.channel() + channel)
                * inPositions;
        System.arraycopy(x, xFrom + from, plane, 0, inPositions);
        for (int kernel = 0; kernel < kernelPositions; kernel++) {
          int to = patchesFrom + (channel * kernelPositions + kernel) * columns + image * positions;
          int table = kernel * positions;
          for (int i = 0; i < positions; i++) {
            patches[to + i] = plane[sources[table + i]];
          }
        }
      }
    }
  }

  private static void unfoldPlane(
      PatchWindow window, double[] x, int plane, double[] patches, int at) {
    int width = window.outWidth;
    int left = window.left;
    int right = window.right;
    Arrays.fill(patches, at, at + window.top * width, 0.0);
    Arrays.fill(patches, at + window.bottom * width, at + window.positions, 0.0);
    if (left >= right || window.top >= window.bottom) {
      Arrays.fill(patches, at, at + window.positions, 0.0);
      return;
    }
    if (window.contiguous) {
      int length = (window.bottom - window.top - 1) * width + right - left;
      System.arraycopy(
          x,
          plane + window.source(window.top, left),
          patches,
          at + window.top * width + left,
          length);
      clearSides(window, patches, at);
      return;
    }
    int step = window.step;
    for (int row = window.top; row < window.bottom; row++) {
      int to = at + row * width;
      int from = plane + window.source(row, left);
      if (step == 1) {
        System.arraycopy(x, from, patches, to + left, right - left);
        continue;
      }
      for (int column = left; column < right; column++) {
        patches[to + column] = x[from];
        from += step;
      }
    }
    clearSides(window, patches, at);
  }

  @Override
  public void fold(
      ConvolutionGeometry geometry, PatchBlock block, double[] patches, double[] dx, int dxFrom) {
    PatchWindow window = new PatchWindow(geometry, block);
    int at = 0;
    while (window.next()) {
      for (int image = 0; image < block.images(); image++) {
        foldPlane(window, patches, at, dx, dxFrom + window.plane(image));
        at += window.positions;
      }
    }
  }

  private static void foldPlane(
      PatchWindow window, double[] patches, int at, double[] dx, int plane) {
    int width = window.outWidth;
    int left = window.left;
    int right = window.right;
    if (left >= right || window.top >= window.bottom) {
      return;
    }
    if (window.contiguous) {
      clearSides(window, patches, at);
      int length = (window.bottom - window.top - 1) * width + right - left;
      addRun(
          patches,
          at + window.top * width + left,
          dx,
          plane + window.source(window.top, left),
          length);
      return;
    }
    int step = window.step;
    for (int row = window.top; row < window.bottom; row++) {
      int from = at + row * width;
      int to = plane + window.source(row, left);
      if (step == 1) {
        addRun(patches, from + left, dx, to, right - left);
        continue;
      }
      for (int column = left; column < right; column++) {
        dx[to] += patches[from + column];
        to += step;
      }
    }
  }

  private static void clearSides(PatchWindow window, double[] patches, int at) {
    int width = window.outWidth;
    if (window.left == 0 && window.right == width) {
      return;
    }
    for (int row = window.top; row < window.bottom; row++) {
      int start = at + row * width;
      for (int column = 0; column < window.left; column++) {
        patches[start + column] = 0.0;
      }
      for (int column = window.right; column < width; column++) {
        patches[start + column] = 0.0;
      }
    }
  }

  @Override
  public void turn(
      double[] from, int fromAt, int inChannels, double[] to, int toAt, int out, int in, int size) {
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        int last = fromAt + (o * inChannels + i + 1) * size - 1;
        int first = toAt + (i * out + o) * size;
        for (int element = 0; element < size; element++) {
          to[first + element] = from[last - element];
        }
      }
    }
  }

  @Override
  public void clear(double[] array, int from, int length) {
    Arrays.fill(array, from, from + length, 0.0);
  }

  @Override
  public void add(double[] from, int fromAt, double[] to, int toAt, int length) {
    addRun(from, fromAt, to, toAt, length);
  }

  private static void addRun(double[] from, int fromAt, double[] to, int toAt, int length) {
    for (int i = 0; i < length; i++) {
      to[toAt + i] += from[fromAt + i];
    }
  }

  @Override
  public void addConstant(double[] values, int at, double[] to, int toAt, int length) {
    double value = values[at];
    for (int i = 0; i < length; i++) {
      to[toAt + i] += value;
    }
  }

  @Override
  public double sum(double[] array, int from, int length) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 4 <= length; i += 4) {
      s0 += array[from + i];
      s1 += array[from + i + 1];
      s2 += array[from + i + 2];
      s3 += array[from + i + 3];
    }
    for (; i < length; i++) {
      s0 += array[from + i];
    }
    return (s0 + s1) + (s2 + s3);
  }

  @Override
  public void set(double[] array, int at, double value) {
    array[at] = value;
  }
}
