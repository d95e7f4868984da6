package org.batchnorm4j.tensor;

import java.util.Optional;
import java.util.SplittableRandom;

/** Compares a multiplication with the plain loop on small products of all kinds. */
final class MatrixMultiplySelfTest {
  private static final int M = 37;
  private static final int N = 53;
  private static final int K = 41;
  private static final int OFFSET = 3;
  private static final int GAP = 2;

  private MatrixMultiplySelfTest() {}

  /** Describes the first result that differs by more than rounding; empty if all agree. */
  static Optional<String> firstDifference(MatrixMultiply multiply) {
    SplittableRandom random = new SplittableRandom(1);
    for (int transposes = 0; transposes < 4; transposes++) {
      boolean transposeA = (transposes & 1) != 0;
      boolean transposeB = (transposes & 2) != 0;
      for (int beta = 0; beta < 2; beta++) {
        for (boolean wide : new boolean[] {false, true}) {
          if (!agrees(multiply, transposeA, transposeB, beta, wide, random)) {
            return Optional.of(
                (wide ? "float64" : "float32")
                    + (transposeA ? ", A transposed" : "")
                    + (transposeB ? ", B transposed" : "")
                    + ", beta="
                    + beta);
          }
        }
      }
    }
    return Optional.empty();
  }

  private static boolean agrees(
      MatrixMultiply multiply,
      boolean transposeA,
      boolean transposeB,
      int beta,
      boolean wide,
      SplittableRandom random) {
    int lda = (transposeA ? M : K) + GAP;
    int ldb = (transposeB ? K : N) + GAP;
    int ldc = N + GAP;
    double[] a = values(random, OFFSET + lda * (transposeA ? K : M));
    double[] b = values(random, OFFSET + ldb * (transposeB ? N : K));
    double[] c = values(random, OFFSET + ldc * M);
    double[] actual = c.clone();
    if (wide) {
      multiply.multiply(
          transposeA,
          transposeB,
          M,
          N,
          K,
          2.0,
          a,
          OFFSET,
          lda,
          b,
          OFFSET,
          ldb,
          beta,
          actual,
          OFFSET,
          ldc);
    } else {
      float[] narrow = floats(c);
      multiply.multiply(
          transposeA,
          transposeB,
          M,
          N,
          K,
          2f,
          floats(a),
          OFFSET,
          lda,
          floats(b),
          OFFSET,
          ldb,
          beta,
          narrow,
          OFFSET,
          ldc);
      for (int i = 0; i < narrow.length; i++) {
        actual[i] = narrow[i];
      }
    }
    double[] expected = c.clone();
    new JavaMatrixMultiply()
        .multiply(
            transposeA,
            transposeB,
            M,
            N,
            K,
            2.0,
            a,
            OFFSET,
            lda,
            b,
            OFFSET,
            ldb,
            beta,
            expected,
            OFFSET,
            ldc);
    // every value is below 1, so the absolute products sum to at most 2 K + 1, and rounding to K +
    // 2 times that times the unit
    double bound = (K + 2) * (2 * K + 1) * (wide ? 0x1p-52 : 0x1p-24);
    for (int i = 0; i < expected.length; i++) {
      if (!(Math.abs(actual[i] - expected[i]) <= bound)) {
        return false;
      }
    }
    return true;
  }

  /** Random values below 1 that float32 holds exactly. */
  private static double[] values(SplittableRandom random, int length) {
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
