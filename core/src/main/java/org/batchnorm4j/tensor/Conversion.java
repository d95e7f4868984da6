package org.batchnorm4j.tensor;

import java.util.Arrays;
import org.batchnorm4j.kernel.Bfloat16;

/** Copies between element types and layouts. */
final class Conversion {
  private Conversion() {}

  /** The tensor itself where type and layout already fit, a copy in {@code memory} otherwise. */
  static Tensor convert(Tensor source, DType dtype, Layout layout, Memory memory) {
    Layout target = source.rank() < 3 ? Layout.CHANNELS_FIRST : layout;
    if (source.dtype() == dtype && source.layout() == target) {
      return source;
    }
    Tensor result = memory.allocate(dtype, source.shape(), target);
    if (source.layout() == target) {
      copyRun(source, source.offset(), result);
    } else {
      permute(source, result);
    }
    return result;
  }

  /** The values in the order of the shape. */
  static Tensor rowMajor(Tensor source, DType dtype) {
    return convert(source, dtype, Layout.CHANNELS_FIRST, Memory.heap());
  }

  /** Writes the values of the source into the target's memory, in the target's type and layout. */
  static void overwrite(Tensor target, Tensor source) {
    if (!target.shape().equals(source.shape())) {
      throw new ShapeException(
          "cannot copy values of shape "
              + source.shape()
              + " into a tensor of shape "
              + target.shape());
    }
    if (source.dtype() != target.dtype() && source.layout() == target.layout()) {
      copyRun(source, source.offset(), target);
    } else {
      copy(convert(source, target.dtype(), target.layout(), Memory.heap()), target);
    }
  }

  /** Copies between tensors of equal shape, type and layout. */
  static void copy(Tensor source, Tensor target) {
    System.arraycopy(
        array(source.storage()),
        source.offset(),
        array(target.storage()),
        target.offset(),
        source.size());
  }

  private static Object array(Storage storage) {
    return switch (storage) {
      case Storage.Floats s -> s.array();
      case Storage.Doubles s -> s.array();
      case Storage.Longs s -> s.array();
      case Storage.Ints s -> s.array();
      case Storage.Shorts s -> s.array();
      case Storage.Bytes s -> s.array();
    };
  }

  private static void permute(Tensor source, Tensor result) {
    int batch = source.axis(0);
    int channels = source.axis(1);
    int plane = (int) source.shape().span(2, source.rank());
    boolean toLast = result.layout() == Layout.CHANNELS_LAST;
    int fast = toLast ? channels : plane;
    int slow = toLast ? plane : channels;
    for (int n = 0; n < batch; n++) {
      int base = n * channels * plane;
      if (source.storage() instanceof Storage.Floats from
          && result.storage() instanceof Storage.Floats to) {
        transpose(from.array(), source.offset() + base, to.array(), base, slow, fast);
        continue;
      }
      for (int i = 0; i < slow; i++) {
        for (int j = 0; j < fast; j++) {
          store(result, base + i * fast + j, source, source.offset() + base + j * slow + i);
        }
      }
    }
  }

  private static void transpose(float[] x, int xFrom, float[] y, int yFrom, int slow, int fast) {
    int tile = 16; // 16 floats fill a cache line
    for (int i0 = 0; i0 < slow; i0 += tile) {
      int iTo = Math.min(slow, i0 + tile);
      for (int j = 0; j < fast; j++) {
        for (int i = i0; i < iTo; i++) {
          y[yFrom + i * fast + j] = x[xFrom + j * slow + i];
        }
      }
    }
  }

  /** Fills all of {@code result} with adjacent values of the source, in storage order. */
  private static void copyRun(Tensor source, int from, Tensor result) {
    int size = result.size();
    int at = result.offset();
    if (result.storage() instanceof Storage.Floats to) {
      float[] out = to.array();
      if (source.storage() instanceof Storage.Bytes s) { // pixels and truth values
        for (int i = 0; i < size; i++) {
          out[at + i] = s.array()[from + i] & 0xff;
        }
        return;
      }
      if (source.storage() instanceof Storage.Doubles s) {
        for (int i = 0; i < size; i++) {
          out[at + i] = (float) s.array()[from + i];
        }
        return;
      }
      if (source.storage() instanceof Storage.Shorts s) {
        widen(s.array(), from, source.dtype(), out, at, size);
        return;
      }
    }
    if (result.storage() instanceof Storage.Shorts to
        && source.storage() instanceof Storage.Floats s) {
      narrow(s.array(), from, result.dtype(), to.array(), at, size);
      return;
    }
    for (int i = 0; i < size; i++) {
      store(result, at + i, source, from + i);
    }
  }

  private static void widen(short[] halves, int from, DType dtype, float[] y, int at, int length) {
    boolean brain = dtype == DType.BFLOAT16;
    for (int i = 0; i < length; i++) {
      short bits = halves[from + i];
      y[at + i] = brain ? Float.intBitsToFloat(bits << 16) : Float.float16ToFloat(bits);
    }
  }

  private static void narrow(float[] x, int from, DType dtype, short[] halves, int at, int length) {
    boolean brain = dtype == DType.BFLOAT16;
    for (int i = 0; i < length; i++) {
      float value = x[from + i];
      halves[at + i] = brain ? Bfloat16.rounded(value) : Float.floatToFloat16(value);
    }
  }

  private static void store(Tensor target, int position, Tensor source, int from) {
    if (source.storage() instanceof Storage.Longs s) { // a double may have too few digits
      storeLong(target, position, s.array()[from]);
    } else {
      set(target.storage(), target.dtype(), position, source.valueAt(from));
    }
  }

  private static void storeLong(Tensor target, int position, long value) {
    if (target.storage() instanceof Storage.Longs to) {
      to.array()[position] = value;
    } else {
      boolean narrow = target.dtype() != DType.FLOAT64;
      set(target.storage(), target.dtype(), position, narrow ? roundedToOdd(value) : value);
    }
  }

  /** The integer or truth value at a position, exactly. */
  static long integer(Storage storage, int position) {
    return switch (storage) {
      case Storage.Longs s -> s.array()[position];
      case Storage.Ints s -> s.array()[position];
      case Storage.Bytes s -> s.array()[position] & 0xff;
      case Storage.Floats s -> throw new IllegalStateException("float32 holds no integers");
      case Storage.Doubles s -> throw new IllegalStateException("float64 holds no integers");
      case Storage.Shorts s -> throw new IllegalStateException("halves hold no integers");
    };
  }

  static double value(Storage storage, DType dtype, int position) {
    return switch (storage) {
      case Storage.Floats s -> s.array()[position];
      case Storage.Doubles s -> s.array()[position];
      case Storage.Longs s -> s.array()[position];
      case Storage.Ints s -> s.array()[position];
      case Storage.Shorts s ->
          dtype == DType.FLOAT16
              ? Float.float16ToFloat(s.array()[position])
              : Bfloat16.widened(s.array()[position]);
      case Storage.Bytes s -> s.array()[position] & 0xff;
    };
  }

  static void set(Storage storage, DType dtype, int position, double value) {
    switch (storage) {
      case Storage.Floats s -> s.array()[position] = (float) value;
      case Storage.Doubles s -> s.array()[position] = value;
      case Storage.Longs s -> s.array()[position] = (long) value;
      case Storage.Ints s -> s.array()[position] = (int) value;
      case Storage.Shorts s ->
          s.array()[position] =
              dtype == DType.FLOAT16
                  ? Float.floatToFloat16(roundedToOdd(value))
                  : Bfloat16.rounded(roundedToOdd(value));
      case Storage.Bytes s ->
          s.array()[position] =
              dtype == DType.BOOL
                  ? (byte) (value != 0 ? 1 : 0)
                  : (byte) Math.clamp((long) value, 0, 255);
    }
  }

  /**
   * A float32 on the way to a shorter type: inexact values go to the neighbour whose last bit is 1,
   * so that the second rounding sees on which side of a tie they were (Boldo and Melquiond 2008).
   */
  private static float roundedToOdd(double value) {
    float nearest = (float) value;
    if (nearest == value || Double.isNaN(value)) {
      return nearest;
    }
    int bits = Float.floatToRawIntBits(nearest);
    boolean away = Math.abs((double) nearest) > Math.abs(value);
    return Float.intBitsToFloat((away ? bits - 1 : bits) | 1);
  }

  /** A float64 on the way to a shorter type; 42 or more bits and one that marks the rest. */
  private static double roundedToOdd(long value) {
    boolean exact = Math.abs(value) < 1L << 53 || (value & 0x7ff) == 0;
    return exact ? value : (value & ~0x7ffL) | 0x800;
  }

  static void fill(Tensor target, double value) {
    int from = target.offset();
    int to = from + target.size();
    switch (target.storage()) {
      case Storage.Floats s -> Arrays.fill(s.array(), from, to, (float) value);
      case Storage.Doubles s -> Arrays.fill(s.array(), from, to, value);
      case Storage.Longs s -> Arrays.fill(s.array(), from, to, (long) value);
      case Storage.Ints s -> Arrays.fill(s.array(), from, to, (int) value);
      case Storage.Shorts s -> {
        for (int i = from; i < to; i++) {
          set(s, target.dtype(), i, value);
        }
      }
      case Storage.Bytes s -> {
        for (int i = from; i < to; i++) {
          set(s, target.dtype(), i, value);
        }
      }
    }
  }
}
