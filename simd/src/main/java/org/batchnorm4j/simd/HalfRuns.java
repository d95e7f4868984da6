package org.batchnorm4j.simd;

import static org.batchnorm4j.simd.VectorWidth.SHAPE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Runs of half types to float32 and back, with the bits of {@link
 * org.batchnorm4j.kernel.ScalarKernels} (of a NaN, the class). Runs have at least {@link #COUNT}
 * values; the last vector of a run overlaps the one before it.
 */
final class HalfRuns {
  /** From this length on the compiler's own vectors over float16 are faster. */
  static final int LONG = 256;

  /** Values of a vector. */
  static final int COUNT = SHAPE.vectorBitSize() / Float.SIZE;

  private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
  private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));

  private static final int INFINITY = 0x7c00; // of float16
  private static final int NAN = 0x7e00;
  private static final int LEAST_NORMAL = 0x38800000; // 2^-14 as float32
  private static final int BIAS = 112 << 23; // between the exponents of float32 and float16

  private HalfRuns() {}

  static void widenFloat16(
      short[] x, int xFrom, int runs, int stride, int length, float[] y, int yFrom) {
    int end = length - COUNT;
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * length;
      for (int i = 0; i < end; i += COUNT) {
        fromFloat16(x, from + i).intoArray(y, to + i);
      }
      fromFloat16(x, from + end).intoArray(y, to + end);
    }
  }

  /**
   * The digits move to float32's place and a product, which is exact for subnormals too, corrects
   * the exponent; that of infinity and NaN is set.
   */
  private static FloatVector fromFloat16(short[] x, int at) {
    IntVector bits = extended(x, at);
    IntVector size = bits.and(0x7fff);
    IntVector moved = size.lanewise(VectorOperators.LSHL, 13);
    IntVector finite = moved.reinterpretAsFloats().mul(0x1p112f).reinterpretAsInts();
    return finite
        .blend(moved.or(0x7f800000), size.compare(VectorOperators.GE, INFINITY))
        .or(bits.and(0x8000).lanewise(VectorOperators.LSHL, 16))
        .reinterpretAsFloats();
  }

  static void narrowFloat16(
      float[] x, int xFrom, short[] y, int yFrom, int runs, int stride, int length) {
    int end = length - COUNT;
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * length;
      int to = yFrom + r * stride;
      for (int i = 0; i < length; i += COUNT) {
        int at = Math.min(i, end); // one place that calls: a second one would not be inlined
        toFloat16(FloatVector.fromArray(FLOATS, x, from + at)).intoArray(y, to + at);
      }
    }
  }

  /**
   * Normal results round by adding just under half of the last place, and 1 more if it is odd.
   * Subnormal ones are multiples of 2^-24, which is the last place of 0.5: adding 0.5 rounds them.
   */
  private static ShortVector toFloat16(FloatVector value) {
    IntVector bits = value.reinterpretAsInts();
    IntVector size = bits.and(0x7fffffff);
    IntVector odd = size.lanewise(VectorOperators.LSHR, 13).and(1);
    IntVector normal = size.add(odd).add(0xfff - BIAS).lanewise(VectorOperators.LSHR, 13);
    IntVector small =
        size.reinterpretAsFloats().add(0.5f).reinterpretAsInts().sub(Float.floatToIntBits(0.5f));
    VectorMask<Integer> isSmall = size.compare(VectorOperators.LT, LEAST_NORMAL);
    VectorMask<Integer> isNan = size.compare(VectorOperators.GT, 0x7f800000);
    return shortened(
        normal
            .min(INFINITY)
            .blend(small, isSmall)
            .blend(NAN, isNan)
            .or(bits.lanewise(VectorOperators.LSHR, 16).and(0x8000)));
  }

  static void widenBfloat16(
      short[] x, int xFrom, int runs, int stride, int length, float[] y, int yFrom) {
    int end = length - COUNT;
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * stride;
      int to = yFrom + r * length;
      for (int i = 0; i < end; i += COUNT) {
        fromBfloat16(x, from + i).intoArray(y, to + i);
      }
      fromBfloat16(x, from + end).intoArray(y, to + end);
    }
  }

  private static FloatVector fromBfloat16(short[] x, int at) {
    return extended(x, at).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  static void narrowBfloat16(
      float[] x, int xFrom, short[] y, int yFrom, int runs, int stride, int length) {
    int end = length - COUNT;
    for (int r = 0; r < runs; r++) {
      int from = xFrom + r * length;
      int to = yFrom + r * stride;
      for (int i = 0; i < end; i += COUNT) {
        toBfloat16(FloatVector.fromArray(FLOATS, x, from + i)).intoArray(y, to + i);
      }
      toBfloat16(FloatVector.fromArray(FLOATS, x, from + end)).intoArray(y, to + end);
    }
  }

  /** See {@link org.batchnorm4j.kernel.Bfloat16#rounded}. */
  private static ShortVector toBfloat16(FloatVector value) {
    IntVector bits = value.reinterpretAsInts();
    IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
    IntVector nearest = bits.add(upper.and(1)).add(0x7fff).lanewise(VectorOperators.LSHR, 16);
    VectorMask<Integer> isNan = bits.and(0x7fffffff).compare(VectorOperators.GT, 0x7f800000);
    return shortened(nearest.blend(upper.or(0x40), isNan));
  }

  private static IntVector extended(short[] x, int at) {
    return (IntVector)
        ShortVector.fromArray(SHORTS, x, at).convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
  }

  private static ShortVector shortened(IntVector bits) {
    return (ShortVector) bits.convertShape(VectorOperators.I2S, SHORTS, 0);
  }
}
