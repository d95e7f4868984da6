package org.batchnorm4j.tensor;

/**
 * A block of {@link Strips}: rows of columns, where column {@code p} belongs to channel {@code
 * channel + p / length % channels}. So a row holds {@code repeats} times one run of {@code length}
 * values of each channel.
 *
 * @param from position of the first value
 * @param rows number of rows
 * @param stride distance from one row to the next
 * @param channel the first channel
 * @param channels number of adjacent channels
 * @param length adjacent columns of one channel
 * @param repeats how often the channels follow one another in a row
 * @param inFewPlaces whether sums are faster if they read memory in few places at a time
 */
record StripBlock(
    int from,
    int rows,
    int stride,
    int channel,
    int channels,
    int length,
    int repeats,
    boolean inFewPlaces) {

  /** Values that stay in the first caches with what is computed of them. */
  static final int PIECE = 16384;

  /** A block that is read in many places at a time, or in its order. */
  StripBlock(int from, int rows, int stride, int channel, int channels, int length, int repeats) {
    this(from, rows, stride, channel, channels, length, repeats, false);
  }

  /** Columns of a row. */
  int width() {
    return channels * length * repeats;
  }

  /** Values of each channel. */
  long count() {
    return (long) rows * length * repeats;
  }

  /** Whether columns are channels, so that arrays with a value per channel fit as they are. */
  boolean isPlain() {
    return length == 1 && repeats == 1;
  }

  /** Rows that make a piece. */
  int rowsPerPiece() {
    return Math.clamp(PIECE / width(), 1, rows);
  }

  /** Some adjacent rows. */
  StripBlock rows(int first, int count) {
    return rows(first, count, 1);
  }

  /** Some of the rows, each {@code distance} rows behind the one before it. */
  StripBlock rows(int first, int count, int distance) {
    return new StripBlock(
        from + first * stride,
        count,
        stride * distance,
        channel,
        channels,
        length,
        repeats,
        inFewPlaces);
  }

  /** The same rows where they were copied to, without gaps. */
  StripBlock packed() {
    return new StripBlock(0, rows, width(), channel, channels, length, repeats);
  }
}
