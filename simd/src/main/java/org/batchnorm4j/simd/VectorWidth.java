package org.batchnorm4j.simd;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector shapes used on this processor, fixed when the class is initialised so that the
 * compiler sees constants, and the few expressions that all kernels share.
 */
final class VectorWidth {
  static final VectorShape SHAPE =
      VectorShape.forBitSize(Math.min(512, VectorShape.preferredShape().vectorBitSize()));

  /**
   * Floats of kernels that compute value by value. Arrays of Java hardly ever start where a line of
   * the cache does, so every vector of 512 bits lies in two lines, and short runs waste more of it:
   * half of that is 5 to 15 percent faster.
   */
  static final VectorSpecies<Float> FLOATS =
      VectorSpecies.of(float.class, VectorShape.forBitSize(Math.min(256, SHAPE.vectorBitSize())));

  static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SHAPE);

  /** As many floats as a vector has doubles: what is loaded to be widened. */
  static final VectorSpecies<Float> NARROW =
      VectorSpecies.of(float.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));

  static final int FLOAT_COUNT = FLOATS.length();
  static final int DOUBLE_COUNT = DOUBLES.length();

  private VectorWidth() {}

  static FloatVector load(float[] x, int i) {
    return FloatVector.fromArray(FLOATS, x, i);
  }

  static FloatVector loadNarrow(float[] x, int i) {
    return FloatVector.fromArray(NARROW, x, i);
  }

  static DoubleVector loadWide(float[] x, int i) {
    return widened(loadNarrow(x, i));
  }

  static DoubleVector widened(FloatVector narrow) {
    return (DoubleVector) narrow.convertShape(VectorOperators.F2D, DOUBLES, 0);
  }
}
