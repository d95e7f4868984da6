package org.batchnorm4j.benchmarks.comparison;

import java.util.List;
import java.util.Optional;
import org.batchnorm4j.tensor.DType;

/**
 * Times of all contenders in one problem, round by round.
 *
 * @param list the work list
 * @param shape (N, C, ...)
 * @param layout NCHW, NHWC or NC
 * @param operation what was measured
 * @param storage type of the tensors
 * @param series one for each contender and number of threads
 */
record Result(
    String list,
    Planes shape,
    String layout,
    Operation operation,
    DType storage,
    List<Series> series) {

  /**
   * Times of one contender.
   *
   * @param name of the peer
   * @param threads how many
   * @param implementation what it calls itself
   * @param nanos of one run, for each round; fewer rounds for who is slow
   */
  @SuppressWarnings("ArrayRecordComponent") // a column, never compared
  record Series(String name, int threads, String implementation, double[] nanos) {
    /** Quartiles in nanoseconds. */
    Spread time() {
      return Spread.of(nanos);
    }
  }

  /** Whether another result is of the same tensors. */
  boolean isBeside(Result other) {
    return list.equals(other.list)
        && shape.equals(other.shape)
        && layout.equals(other.layout)
        && storage == other.storage;
  }

  /** Whether those took part by whom others are measured. */
  boolean hasMeasures(int threads) {
    return find("SIMD", threads).isPresent() && find("roof", threads).isPresent();
  }

  /** The series of a contender. */
  Optional<Series> find(String name, int threads) {
    return series.stream().filter(s -> s.name().equals(name) && s.threads() == threads).findFirst();
  }

  /** Median nanoseconds of a contender that took part. */
  double median(String name, int threads) {
    return find(name, threads).orElseThrow().time().median();
  }

  /** Time of one by that of another, round by round; empty if either is missing. */
  Optional<Spread> ratio(String name, int threads, String by, int byThreads) {
    return find(name, threads)
        .flatMap(over -> find(by, byThreads).map(under -> ratio(over.nanos(), under.nanos())));
  }

  private static Spread ratio(double[] over, double[] under) {
    double[] ratios = new double[Math.min(over.length, under.length)];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = over[i] / under[i];
    }
    return Spread.of(ratios);
  }

  /** How many times a peer needs our SIMD time. */
  Optional<Spread> faster(String than, int threads) {
    return ratio(than, threads, "SIMD", threads);
  }

  /** Our SIMD time in copies of the tensor. */
  Spread copies(int threads) {
    return ratio("SIMD", threads, "roof", threads).orElseThrow();
  }

  /** Bytes of one tensor. */
  long bytes() {
    return (long) storage.bytes() * shape.size();
  }

  /** Bytes that must be read or written at least once. */
  long compulsoryBytes() {
    return operation.tensors * bytes();
  }

  /** Bytes per nanosecond of the copy loop. */
  double roof(int threads) {
    return 2 * bytes() / median("roof", threads);
  }

  /** Nanoseconds in which the copy loop would move the bytes that must be moved. */
  double leastNanos(int threads) {
    return compulsoryBytes() / roof(threads);
  }

  /**
   * Nanoseconds that we cannot be expected to go below: those of the bare passes where there are
   * two, or of the copy loop; ours if they are less.
   */
  double boundNanos(int threads) {
    double bare = find("passes", threads).map(series -> series.time().median()).orElse(0.0);
    return Math.min(median("SIMD", threads), Math.max(bare, leastNanos(threads)));
  }
}
