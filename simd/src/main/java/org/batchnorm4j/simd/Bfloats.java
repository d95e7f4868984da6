package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.FLOATS;
import static org.batchnorm4j.simd.VectorWidth.NARROW;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** bfloat16 loaded as float32 and stored again, for vectors of 256 bits and more. */
final class Bfloats {
  static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
  static final VectorSpecies<Short> SHORTS = halfOf(FLOATS);
  private static final VectorSpecies<Integer> NARROW_INTS = NARROW.withLanes(int.class);
  private static final VectorSpecies<Short> NARROW_SHORTS = halfOf(NARROW);

  private Bfloats() {}

  private static VectorSpecies<Short> halfOf(VectorSpecies<Float> floats) {
    return VectorSpecies.of(
        short.class, VectorShape.forBitSize(Math.max(64, floats.vectorBitSize() / 2)));
  }

  static FloatVector load(short[] x, int i) {
    return ((IntVector)
            ShortVector.fromArray(SHORTS, x, i).convertShape(VectorOperators.S2I, INTS, 0))
        .lanewise(VectorOperators.LSHL, 16)
        .reinterpretAsFloats();
  }

  /** As many values as a vector has doubles. */
  static FloatVector loadNarrow(short[] x, int i) {
    return ((IntVector)
            ShortVector.fromArray(NARROW_SHORTS, x, i)
                .convertShape(VectorOperators.S2I, NARROW_INTS, 0))
        .lanewise(VectorOperators.LSHL, 16)
        .reinterpretAsFloats();
  }

  /**
   * Rounds to the nearest, ties to even. The lower half of a NaN is 0 here, so that it stays one.
   */
  static void store(FloatVector value, short[] y, int i) {
    IntVector bits = value.reinterpretAsInts();
    IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
    IntVector nearest = bits.add(odd).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
    ((ShortVector) nearest.convertShape(VectorOperators.I2S, SHORTS, 0)).intoArray(y, i);
  }
}
