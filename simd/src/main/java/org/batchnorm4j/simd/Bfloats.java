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

  private static final VectorSpecies<Short> PAIRS = FLOATS.withLanes(short.class);

  /**
   * Of two neighbours, the one that is stored first is the lower half of an int, this the upper.
   */
  static final int SECOND = 0xffff0000;

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

  /** Neighbours as the halves of ints, of which {@link #first} and {@link #second} make floats. */
  static IntVector loadPairs(short[] x, int i) {
    return ShortVector.fromArray(PAIRS, x, i).reinterpretAsInts();
  }

  static FloatVector first(IntVector pairs) {
    return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  static FloatVector second(IntVector pairs) {
    return pairs.and(SECOND).reinterpretAsFloats();
  }

  /** Stores the first and the second of neighbours, each rounded as {@link #store} says. */
  static void storePairs(FloatVector first, FloatVector second, short[] y, int i) {
    IntVector f = first.reinterpretAsInts();
    IntVector s = second.reinterpretAsInts();
    IntVector lower = f.add(f.lanewise(VectorOperators.LSHR, 16).and(1)).add(0x7fff);
    IntVector upper = s.add(s.lanewise(VectorOperators.LSHR, 16).and(1)).add(0x7fff);
    lower
        .lanewise(VectorOperators.LSHR, 16)
        .or(upper.and(SECOND))
        .reinterpretAsShorts()
        .intoArray(y, i);
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
