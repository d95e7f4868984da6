package org.batchnorm4j.benchmarks.comparison;

import java.util.List;
import java.util.Optional;

/**
 * Times of all contenders in one problem, round by round.
 *
 * @param shape (N, C, H, W)
 * @param layout NCHW or NHWC
 * @param direction half of the step
 * @param series one for each contender and number of threads
 */
record Result(Planes shape, String layout, Direction direction, List<Series> series) {

  /**
   * Times of one contender.
   *
   * @param name of the peer
   * @param threads how many
   * @param implementation what it calls itself
   * @param nanos of one run, for each round
   */
  @SuppressWarnings("ArrayRecordComponent") // a column, never compared
  record Series(String name, int threads, String implementation, double[] nanos) {
    /** Quartiles in nanoseconds. */
    Spread time() {
      return Spread.of(nanos);
    }
  }

  /** The series of a contender. */
  Optional<Series> find(String name, int threads) {
    return series.stream().filter(s -> s.name().equals(name) && s.threads() == threads).findFirst();
  }

  /** Time of one by that of another, round by round; empty if either is missing. */
  Optional<Spread> ratio(String name, int threads, String by, int byThreads) {
    return find(name, threads)
        .flatMap(
            over ->
                find(by, byThreads)
                    .map(
                        under -> {
                          double[] ratios = new double[over.nanos().length];
                          for (int i = 0; i < ratios.length; i++) {
                            ratios[i] = over.nanos()[i] / under.nanos()[i];
                          }
                          return Spread.of(ratios);
                        }));
  }

  /** How many times a peer needs our SIMD time. */
  Optional<Spread> faster(String than, int threads) {
    return ratio(than, threads, "SIMD", threads);
  }

  /** Our SIMD time in copies of the tensor. */
  Optional<Spread> copies(int threads) {
    return ratio("SIMD", threads, "roof", threads);
  }

  /** Bytes that must be read or written at least once. */
  long compulsoryBytes() {
    return direction.tensors * shape.bytes();
  }
}
