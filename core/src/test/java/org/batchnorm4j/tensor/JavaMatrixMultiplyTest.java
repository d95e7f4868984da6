package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JavaMatrixMultiplyTest {
  private final MatrixMultiply java = new JavaMatrixMultiply();

  /** The class promises one fused sum in order, so the plain loop must agree in every bit. */
  @ParameterizedTest(name = "m={0} n={1} k={2} alpha={3} beta={4}")
  @CsvSource({
    "1,1,1,1,0",
    "2,3,4,1,0",
    "4,4,4,1,1",
    "5,7,3,2,0.5",
    "17,33,65,1,0",
    "64,10,70,1,0",
    "10,64,70,-1,1",
    "3,300,5,1,0",
    "300,3,5,1,0.25",
    "257,259,67,1,0",
    "1,500,129,1,0",
    "500,1,129,1,1",
    "31,31,1,1,0",
    "33,32,2,1,0",
    "6,6,0,1,0.5",
    "6,6,9,0,0.5"
  })
  void everyTransposeGivesTheBitsOfThePlainFusedLoop(int m, int n, int k, float alpha, float beta) {
    for (int transposes = 0; transposes < 4; transposes++) {
      Product product =
          new Product((transposes & 1) != 0, (transposes & 2) != 0, m, n, k, alpha, beta, 11);
      float[] expected32 = product.plainFloats();
      float[] actual32 = product.c32.clone();
      product.multiplyFloats(java, actual32);
      assertArrayEquals(expected32, actual32, "float32, transposes " + transposes);
      double[] expected64 = product.plainDoubles();
      double[] actual64 = product.c64.clone();
      product.multiplyDoubles(java, actual64);
      assertArrayEquals(expected64, actual64, "float64, transposes " + transposes);
    }
  }

  @Test
  void nonFiniteValuesReachExactlyTheElementsThatDependOnThem() {
    for (int size : new int[] {1, 2, 3, 5, 6, 7, 37}) {
      float[] a = new float[size * size];
      float[] b = new float[size * size];
      Arrays.fill(a, 1f);
      Arrays.fill(b, 1f);
      a[(size - 1) * size] = Float.NaN;
      float[] c = new float[size * size];
      java.multiply(false, false, size, size, size, 1f, a, 0, size, b, 0, size, 0f, c, 0, size);
      for (int i = 0; i < size * size; i++) {
        assertEquals(
            i / size == size - 1 ? Float.NaN : size, c[i], "size " + size + ", element " + i);
      }
    }
  }

  @Test
  void anOldResultIsIgnoredWhenBetaIsZero() {
    float[] c = {Float.NaN, Float.POSITIVE_INFINITY};
    java.multiply(
        false, false, 1, 2, 1, 1f, new float[] {3}, 0, 1, new float[] {4, 5}, 0, 2, 0f, c, 0, 2);
    assertArrayEquals(new float[] {12, 15}, c);
    double[] d = {Double.NaN, Double.POSITIVE_INFINITY};
    java.multiply(
        false, false, 1, 2, 0, 1.0, new double[0], 0, 0, new double[0], 0, 2, 0.0, d, 0, 2);
    assertArrayEquals(new double[] {0, 0}, d);
  }

  @Test
  void anAlphaOfZeroIgnoresWhatAAndBHold() {
    float[] c = {2};
    java.multiply(
        false,
        false,
        1,
        1,
        1,
        0f,
        new float[] {Float.NaN},
        0,
        1,
        new float[] {1},
        0,
        1,
        3f,
        c,
        0,
        1);
    assertArrayEquals(new float[] {6}, c);
    double[] d = {2};
    java.multiply(
        false,
        false,
        1,
        1,
        1,
        0.0,
        new double[] {1},
        0,
        1,
        new double[] {Double.NaN},
        0,
        1,
        3.0,
        d,
        0,
        1);
    assertArrayEquals(new double[] {6}, d);
  }

  @Test
  void emptyProductsTouchNothing() {
    float[] none = {};
    java.multiply(false, false, 0, 3, 2, 1f, none, 0, 2, new float[6], 0, 3, 0f, none, 0, 3);
    java.multiply(true, true, 3, 0, 2, 1f, new float[6], 0, 3, none, 0, 2, 0f, none, 0, 0);
  }

  @Test
  void matricesThatDoNotFitAreNamed() {
    float[] six = new float[6];
    assertMessage(
        "matrix product: sizes must not be negative, but are m=2, n=-3, k=2",
        () -> java.multiply(false, false, 2, -3, 2, 1f, six, 0, 2, six, 0, 3, 0f, six, 0, 3));
    assertMessage(
        "matrix product: the leading dimension of B is 2, less than its stored rows of 3",
        () -> java.multiply(false, false, 2, 3, 2, 1f, six, 0, 2, six, 0, 2, 0f, six, 0, 3));
    assertMessage(
        "matrix product: A (2 stored rows of 3, leading dimension 3) needs elements 1 to 7 of an"
            + " array of 6",
        () -> java.multiply(true, false, 3, 2, 2, 1f, six, 1, 3, six, 0, 2, 0f, six, 0, 2));
    assertMessage(
        "matrix product: C (2 stored rows of 3, leading dimension 4) needs elements 0 to 7 of an"
            + " array of 6",
        () -> java.multiply(false, false, 2, 3, 2, 1f, six, 0, 2, six, 0, 3, 0f, six, 0, 4));
    assertMessage(
        "matrix product: B (46341 stored rows of 46341, leading dimension 46341) needs elements 0"
            + " to 2147488281 of an array of 6",
        () ->
            java.multiply(
                false, false, 0, 46341, 46341, 1f, six, 0, 46341, six, 0, 46341, 0f, six, 0,
                46341));
    assertMessage(
        "matrix product: A (1 stored rows of 1, leading dimension 1) needs elements -1 to 0 of an"
            + " array of 6",
        () ->
            java.multiply(
                false,
                false,
                1,
                1,
                1,
                1.0,
                new double[6],
                -1,
                1,
                new double[1],
                0,
                1,
                0.0,
                new double[1],
                0,
                1));
  }

  private static void assertMessage(
      String expected, org.junit.jupiter.api.function.Executable call) {
    assertEquals(expected, assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  /** A random product with offsets and leading dimensions that leave gaps. */
  static final class Product {
    final boolean transposeA;
    final boolean transposeB;
    final int m;
    final int n;
    final int k;
    final float alpha;
    final float beta;
    final int lda;
    final int ldb;
    final int ldc;
    final float[] a32;
    final float[] b32;
    final float[] c32;
    final double[] a64;
    final double[] b64;
    final double[] c64;

    Product(
        boolean transposeA,
        boolean transposeB,
        int m,
        int n,
        int k,
        float alpha,
        float beta,
        long seed) {
      this.transposeA = transposeA;
      this.transposeB = transposeB;
      this.m = m;
      this.n = n;
      this.k = k;
      this.alpha = alpha;
      this.beta = beta;
      this.lda = (transposeA ? m : k) + 2;
      this.ldb = (transposeB ? k : n) + 1;
      this.ldc = n + 3;
      SplittableRandom random = new SplittableRandom(seed);
      this.a64 = random.doubles(3L + (long) lda * (transposeA ? k : m), -1, 1).toArray();
      this.b64 = random.doubles(5L + (long) ldb * (transposeB ? n : k), -1, 1).toArray();
      this.c64 = random.doubles(7L + (long) ldc * m, -1, 1).toArray();
      this.a32 = floats(a64);
      this.b32 = floats(b64);
      this.c32 = floats(c64);
    }

    void multiplyFloats(MatrixMultiply with, float[] c) {
      with.multiply(
          transposeA, transposeB, m, n, k, alpha, a32, 3, lda, b32, 5, ldb, beta, c, 7, ldc);
    }

    void multiplyDoubles(MatrixMultiply with, double[] c) {
      with.multiply(
          transposeA, transposeB, m, n, k, alpha, a64, 3, lda, b64, 5, ldb, beta, c, 7, ldc);
    }

    int indexA(int i, int p) {
      return 3 + (transposeA ? p * lda + i : i * lda + p);
    }

    int indexB(int p, int j) {
      return 5 + (transposeB ? j * ldb + p : p * ldb + j);
    }

    float[] plainFloats() {
      float[] c = c32.clone();
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          float sum = 0;
          for (int p = 0; p < (alpha == 0 ? 0 : k); p++) {
            sum = Math.fma(a32[indexA(i, p)], b32[indexB(p, j)], sum);
          }
          int at = 7 + i * ldc + j;
          c[at] = beta == 0 ? alpha * sum : alpha * sum + beta * c[at];
        }
      }
      return c;
    }

    double[] plainDoubles() {
      double[] c = c64.clone();
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double sum = 0;
          for (int p = 0; p < (alpha == 0 ? 0 : k); p++) {
            sum = Math.fma(a64[indexA(i, p)], b64[indexB(p, j)], sum);
          }
          int at = 7 + i * ldc + j;
          c[at] = beta == 0 ? alpha * sum : alpha * sum + beta * c[at];
        }
      }
      return c;
    }

    private static float[] floats(double[] values) {
      float[] result = new float[values.length];
      for (int i = 0; i < result.length; i++) {
        result[i] = (float) values[i];
      }
      return result;
    }
  }
}
