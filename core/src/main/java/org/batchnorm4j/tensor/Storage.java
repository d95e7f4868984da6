package org.batchnorm4j.tensor;

/**
 * Where a tensor's values lie: one array of the type that fits. Opaque to users, so that memory of
 * another kind can join later.
 */
sealed interface Storage {

  /** Number of elements that fit. */
  int length();

  /** float32 values. */
  record Floats(float[] array) implements Storage {
    @Override
    public int length() {
      return array.length;
    }
  }

  /** float64 values. */
  record Doubles(double[] array) implements Storage {
    @Override
    public int length() {
      return array.length;
    }
  }

  /** int64 values. */
  record Longs(long[] array) implements Storage {
    @Override
    public int length() {
      return array.length;
    }
  }

  /** int32 values. */
  record Ints(int[] array) implements Storage {
    @Override
    public int length() {
      return array.length;
    }
  }

  /** float16 or bfloat16 bits. */
  record Shorts(short[] array) implements Storage {
    @Override
    public int length() {
      return array.length;
    }
  }

  /** uint8 or bool values. */
  record Bytes(byte[] array) implements Storage {
    @Override
    public int length() {
      return array.length;
    }
  }

  /** Fresh zeroed storage on the heap. */
  static Storage allocate(DType dtype, int length) {
    return switch (dtype) {
      case FLOAT32 -> new Floats(new float[length]);
      case FLOAT64 -> new Doubles(new double[length]);
      case FLOAT16, BFLOAT16 -> new Shorts(new short[length]);
      case INT64 -> new Longs(new long[length]);
      case INT32 -> new Ints(new int[length]);
      case UINT8, BOOL -> new Bytes(new byte[length]);
    };
  }
}
