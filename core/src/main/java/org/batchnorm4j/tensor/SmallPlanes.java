package org.batchnorm4j.tensor;

import java.util.Arrays;

/**
 * Convolution of small planes, where runs are too short to be worth a copy each: a table says which
 * input element each output position sees. Only for blocks of whole images.
 */
final class SmallPlanes {
  private static final int MOST_POSITIONS = 16;

  private SmallPlanes() {}

  static boolean worthwhile(ConvolutionGeometry geometry) {
    return geometry.outPositions() <= MOST_POSITIONS
        && geometry.inPositions() <= 4 * MOST_POSITIONS;
  }

  /**
   * For each kernel position and output position, in this order, the input element inside its
   * plane; positions in the padding give the element after the plane.
   */
  static int[] sources(ConvolutionGeometry geometry) {
    int positions = geometry.outPositions();
    int[] sources = new int[geometry.kernelPositions() * positions];
    Arrays.fill(sources, geometry.inPositions());
    PatchWindow window =
        new PatchWindow(geometry, new PatchBlock(0, 1, 0, geometry.outHeight(), 0, 1));
    for (int from = 0; window.next(); from += positions) {
      for (int row = window.top; row < window.bottom; row++) {
        for (int column = window.left; column < window.right; column++) {
          sources[from + row * geometry.outWidth() + column] = window.source(row, column);
        }
      }
    }
    return sources;
  }
}
