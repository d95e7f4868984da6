package org.batchnorm4j.tensor;

/**
 * How a convolution of 3x3 is cut into parts that go through the transforms together, and where
 * each value of a plane lies meanwhile. Within a part the same place of all its images lies side by
 * side, so that transforms run along images and tiles of a row alike.
 *
 * <p>Follows from the shapes alone. Immutable; safe for use by many threads.
 */
final class WinogradTiling {
  /** Tiles that go through together, for planes that allow the choice. */
  private static final int TILES = 128;

  /** The longest vector: fewer tiles in a row would go through one by one. */
  private static final int LANES = 16;

  /**
   * Images {@code image} to {@code image + images}, of each the tiles of rows {@code row} to {@code
   * row + rows}.
   */
  record Part(int image, int images, int row, int rows) {}

  private final ConvolutionGeometry geometry;
  private final int high;
  private final int wide;
  private final int images;
  private final int rows;

  WinogradTiling(ConvolutionGeometry geometry) {
    this.geometry = geometry;
    high = geometry.outHeight() / 2;
    wide = geometry.outWidth() / 2;
    int least = Math.ceilDiv(LANES, wide);
    images = Math.clamp(Math.max(TILES / (high * wide), least), 1, Math.max(1, geometry.batch()));
    rows = Math.clamp(TILES / (wide * images), 1, high);
  }

  /** The shapes. */
  ConvolutionGeometry geometry() {
    return geometry;
  }

  /** Tiles of an image. */
  int tiles() {
    return high * wide;
  }

  /** Tiles in one row of an image. */
  int wide() {
    return wide;
  }

  /** Places of one padded line of the input: those of even columns, then those of odd ones. */
  int lineRuns() {
    return 2 * (wide + 1);
  }

  /** The most tiles of a part. */
  int columns() {
    return images * rows * wide;
  }

  /** Values that one channel of a part takes from the input, at most. */
  int inputSize() {
    return (2 * rows + 2) * lineRuns() * images;
  }

  /** Values of four runs, one for each place in a tile of outputs. */
  int outputSize() {
    return 4 * tiles() * images;
  }

  /** Number of parts. */
  int parts() {
    return Math.ceilDiv(geometry.batch(), images) * Math.ceilDiv(high, rows);
  }

  /** One of them. */
  Part part(int number) {
    int bands = Math.ceilDiv(high, rows);
    int image = number / bands * images;
    int row = number % bands * rows;
    return new Part(
        image, Math.min(images, geometry.batch() - image), row, Math.min(rows, high - row));
  }

  /** Copies one channel of a part to its places; what is not there is padding and stays. */
  void gatherInput(Part part, float[] x, int plane, int nextImage, float[] to) {
    int first = 2 * part.row - geometry.paddingHeight();
    int from = Math.max(0, first);
    int end = Math.min(geometry.inHeight(), first + 2 * part.rows + 2);
    int even = geometry.paddingWidth() % 2;
    for (int i = 0; i < part.images; i++) {
      for (int line = from; line < end; line++) {
        int at = plane + i * nextImage + line * geometry.inWidth();
        int place = (line - first) * lineRuns();
        int toEven = place + (geometry.paddingWidth() + 1) / 2;
        int toOdd = place + wide + 1 + geometry.paddingWidth() / 2;
        everyOther(
            x, at + even, at + geometry.inWidth(), to, toEven * part.images + i, part.images);
        everyOther(
            x, at + 1 - even, at + geometry.inWidth(), to, toOdd * part.images + i, part.images);
      }
    }
  }

  private static void everyOther(float[] x, int from, int end, float[] y, int yFrom, int apart) {
    int to = yFrom;
    for (int p = from; p < end; p += 2) {
      y[to] = x[p];
      to += apart;
    }
  }

  /** Copies one channel of output gradients to four runs. */
  void gatherOutput(Part part, float[] g, int plane, int nextImage, float[] to) {
    int width = geometry.outWidth();
    for (int i = 0; i < part.images; i++) {
      for (int line = 0; line < 2 * part.rows; line++) {
        int at = plane + i * nextImage + (2 * part.row + line) * width;
        int even = outputPlace(line) * part.images + i;
        int odd = even + tiles() * part.images;
        everyOther(g, at, at + width, to, even, part.images);
        everyOther(g, at + 1, at + width, to, odd, part.images);
      }
    }
  }

  /** Where in four runs a line of a part's outputs begins; its odd columns are a run further on. */
  private int outputPlace(int line) {
    return line % 2 * 2 * tiles() + line / 2 * wide;
  }

  /** The way back of {@link #gatherOutput}. */
  void scatterOutput(Part part, float[] runs, float[] y, int plane, int nextImage) {
    int width = geometry.outWidth();
    for (int i = 0; i < part.images; i++) {
      for (int line = 0; line < 2 * part.rows; line++) {
        int at = plane + i * nextImage + (2 * part.row + line) * width;
        int even = outputPlace(line) * part.images + i;
        int odd = even + tiles() * part.images;
        for (int p = at; p < at + width; p += 2) {
          y[p] = runs[even];
          y[p + 1] = runs[odd];
          even += part.images;
          odd += part.images;
        }
      }
    }
  }
}
