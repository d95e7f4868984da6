package org.batchnorm4j.tensor;

/**
 * Cuts the output positions of a convolution into tiles of similar size: several images, or some
 * rows of one image. The cut follows from the shapes alone, so results do not depend on the number
 * of threads.
 *
 * @param geometry the shapes
 * @param images images per tile; the last tile may have fewer
 * @param rows output rows per tile; the last tile of an image may have fewer
 */
record ConvolutionTiling(ConvolutionGeometry geometry, int images, int rows) {
  private static final int COLUMNS = 512;
  private static final int LEAST_COLUMNS = 64;
  private static final int TILES = 8;

  /**
   * Tiles of about 512 positions, or of an eighth of all positions if these are few; large planes
   * are cut.
   */
  static ConvolutionTiling ofPositions(ConvolutionGeometry geometry) {
    long all = (long) geometry.batch() * geometry.outPositions();
    int columns = Math.clamp(all / TILES, LEAST_COLUMNS, COLUMNS);
    return ofColumns(geometry, columns);
  }

  private static ConvolutionTiling ofColumns(ConvolutionGeometry geometry, int columns) {
    int cuts = Math.ceilDiv(geometry.outPositions(), columns);
    return cuts > 1
        ? new ConvolutionTiling(geometry, 1, Math.ceilDiv(geometry.outHeight(), cuts))
        : ofImages(geometry, columns);
  }

  /** Tiles of about 512 positions, however few there are; large planes are cut. */
  static ConvolutionTiling ofLongSums(ConvolutionGeometry geometry) {
    return ofColumns(geometry, COLUMNS);
  }

  /** Tiles of whole images. */
  static ConvolutionTiling ofImages(ConvolutionGeometry geometry) {
    return ofImages(geometry, COLUMNS);
  }

  private static ConvolutionTiling ofImages(ConvolutionGeometry geometry, int columns) {
    int most = Math.max(1, columns / geometry.outPositions());
    int tiles = Math.max(1, Math.ceilDiv(geometry.batch(), most));
    return new ConvolutionTiling(
        geometry, Math.max(1, Math.ceilDiv(geometry.batch(), tiles)), geometry.outHeight());
  }

  int count() {
    return Math.ceilDiv(geometry.batch(), images) * cuts();
  }

  /** Tile number {@code tile}, over all input channels of a group. */
  PatchBlock block(int tile, int group) {
    int image = tile / cuts() * images;
    int row = tile % cuts() * rows;
    return new PatchBlock(
        image,
        Math.min(images, geometry.batch() - image),
        row,
        Math.min(rows, geometry.outHeight() - row),
        group * geometry.groupInChannels(),
        geometry.groupInChannels());
  }

  private int cuts() {
    return Math.ceilDiv(geometry.outHeight(), rows);
  }
}
