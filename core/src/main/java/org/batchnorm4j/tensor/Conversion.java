package org.batchnorm4j.tensor;

import java.util.Arrays;

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
      for (int i = 0; i < source.size(); i++) {
        store(result, i, source, source.offset() + i);
      }
    } else {
      permute(source, result);
    }
    return result;
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

  private static void store(Tensor target, int position, Tensor source, int from) {
    if (target.storage() instanceof Storage.Longs to
        && source.storage() instanceof Storage.Longs s) {
      to.array()[position] = s.array()[from]; // a double would lose digits beyond 2^53
    } else {
      set(target.storage(), target.dtype(), position, source.valueAt(from));
    }
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
              : Float.intBitsToFloat(s.array()[position] << 16);
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
              dtype == DType.FLOAT16 ? Float.floatToFloat16((float) value) : bfloat16(value);
      case Storage.Bytes s ->
          s.array()[position] =
              dtype == DType.BOOL ? (byte) (value != 0 ? 1 : 0) : (byte) (int) value;
    }
  }

  /** Rounds to the nearest bfloat16, ties to even; NaN stays NaN. */
  private static short bfloat16(double value) {
    int bits = Float.floatToRawIntBits((float) value);
    if (Float.isNaN((float) value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
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
