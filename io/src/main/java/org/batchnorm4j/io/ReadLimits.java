package org.batchnorm4j.io;

/**
 * How much a file may ask for before a reader refuses it with {@link ReadLimitException}.
 *
 * <p>Sizes that a file declares are compared with the file itself anyway; these limits are for
 * files that are really that large, or that unpack to much more than their size. Immutable and safe
 * for use by several threads.
 *
 * @param headerBytes longest header that is read into memory, in bytes; 100,000,000 by default, the
 *     limit of the reference reader of safetensors
 * @param tensors most tensors in one file; 100,000 by default
 * @param rank most axes of one tensor; 64 by default, as many as PyTorch and NumPy allow
 * @param tensorBytes largest tensor that is read into memory, in bytes; 17,179,869,112 by default
 *     (the longest array of float64)
 * @param unpackedBytes most bytes that a compressed file may unpack to; 2,147,483,639 by default
 *     (the longest array)
 */
public record ReadLimits(
    long headerBytes, int tensors, int rank, long tensorBytes, long unpackedBytes) {

  private static final long LONGEST_ARRAY = Integer.MAX_VALUE - 8;
  private static final ReadLimits DEFAULTS =
      new ReadLimits(100_000_000, 100_000, 64, 8 * LONGEST_ARRAY, LONGEST_ARRAY);

  /**
   * Checks the limits.
   *
   * @throws IllegalArgumentException if a limit is negative
   */
  public ReadLimits {
    requireNotNegative("headerBytes", headerBytes);
    requireNotNegative("tensors", tensors);
    requireNotNegative("rank", rank);
    requireNotNegative("tensorBytes", tensorBytes);
    requireNotNegative("unpackedBytes", unpackedBytes);
  }

  /** Returns the limits that hold where none are given. */
  public static ReadLimits defaults() {
    return DEFAULTS;
  }

  /** Returns these limits with another {@link #headerBytes()}. */
  public ReadLimits withHeaderBytes(long bytes) {
    return new ReadLimits(bytes, tensors, rank, tensorBytes, unpackedBytes);
  }

  /** Returns these limits with another {@link #tensors()}. */
  public ReadLimits withTensors(int count) {
    return new ReadLimits(headerBytes, count, rank, tensorBytes, unpackedBytes);
  }

  /** Returns these limits with another {@link #rank()}. */
  public ReadLimits withRank(int axes) {
    return new ReadLimits(headerBytes, tensors, axes, tensorBytes, unpackedBytes);
  }

  /** Returns these limits with another {@link #tensorBytes()}. */
  public ReadLimits withTensorBytes(long bytes) {
    return new ReadLimits(headerBytes, tensors, rank, bytes, unpackedBytes);
  }

  /** Returns these limits with another {@link #unpackedBytes()}. */
  public ReadLimits withUnpackedBytes(long bytes) {
    return new ReadLimits(headerBytes, tensors, rank, tensorBytes, bytes);
  }

  private static void requireNotNegative(String name, long value) {
    if (value < 0) {
      throw new IllegalArgumentException(
          "read limit " + name + " is " + value + ", expected 0 or more");
    }
  }
}
