package org.batchnorm4j.tensor;

/**
 * Scratch memory of normalisations: tiles and constants, and sums. Safe for use by many threads.
 *
 * @param floats tiles of widened halves, constants per column
 * @param doubles sums
 */
record NormalizationScratch(Scratch<float[]> floats, Scratch<double[]> doubles) {
  static NormalizationScratch empty() {
    return new NormalizationScratch(new Scratch<>(float[]::new), new Scratch<>(double[]::new));
  }
}
