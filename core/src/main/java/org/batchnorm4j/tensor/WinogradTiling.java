package org.batchnorm4j.tensor;

/**
 * How a convolution of 3x3 is cut into parts that go through the transforms together ({@link
 * WinogradPart}).
 *
 * <p>Follows from the shapes alone. Immutable; safe for use by many threads.
 */
final class WinogradTiling {
  /** Tiles that go through together, for planes that allow the choice. */
  private static final int TILES = 128;

  /** The longest vector: fewer tiles in a row would go through one by one. */
  private static final int LANES = 16;

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
    return Math.ceilDiv(geometry.batch(), images) * bands();
  }

  /** Parts that hold the same images. */
  int bands() {
    return Math.ceilDiv(high, rows);
  }

  /** Images of a part, at most. */
  int images() {
    return images;
  }

  /** Rows of tiles of a part, at most. */
  int rows() {
    return rows;
  }

  /** Rows of tiles of an image. */
  int high() {
    return high;
  }
}
