package org.batchnorm4j.tensor;

/**
 * Element types of a {@link Tensor}. Arithmetic runs in float32 and float64; the others store, and
 * integers are added, compared and counted exactly. Immutable and safe for use by many threads.
 */
public enum DType {
  /** IEEE 754 binary32. */
  FLOAT32("float32", 4),
  /** IEEE 754 binary64. */
  FLOAT64("float64", 8),
  /** IEEE 754 binary16, for storage. */
  FLOAT16("float16", 2),
  /** The upper half of a binary32, for storage. */
  BFLOAT16("bfloat16", 2),
  /** Signed 64-bit integers: labels and counters. */
  INT64("int64", 8),
  /** Signed 32-bit integers. */
  INT32("int32", 4),
  /** Unsigned bytes 0 to 255: pixels. */
  UINT8("uint8", 1),
  /** Truth values, one byte each. */
  BOOL("bool", 1);

  private final String label;
  private final int bytes;

  DType(String label, int bytes) {
    this.label = label;
    this.bytes = bytes;
  }

  /** Bytes that one element takes in a file. */
  public int bytes() {
    return bytes;
  }

  /** Whether values are floating-point numbers, of whatever width. */
  public boolean isFloating() {
    return switch (this) {
      case FLOAT32, FLOAT64, FLOAT16, BFLOAT16 -> true;
      case INT64, INT32, UINT8, BOOL -> false;
    };
  }

  /** Whether arithmetic is defined: float32 and float64. */
  public boolean computes() {
    return this == FLOAT32 || this == FLOAT64;
  }

  /** The name as PyTorch spells it: {@code float32}. */
  @Override
  public String toString() {
    return label;
  }
}
