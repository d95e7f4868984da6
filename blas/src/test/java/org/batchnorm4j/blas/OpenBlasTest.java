package org.batchnorm4j.blas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.batchnorm4j.tensor.JavaMatrixMultiply;
import org.batchnorm4j.tensor.MatrixMultiply;
import org.batchnorm4j.tensor.MatrixMultiplyUnavailableException;
import org.batchnorm4j.tensor.WorkerThreads;
import org.batchnorm4j.tensor.Workers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * On a platform without the native library these tests fail: {@link OpenBlasProvider} names the
 * reason.
 */
class OpenBlasTest {
  private static MatrixMultiply openBlas = new JavaMatrixMultiply();
  private final MatrixMultiply java = new JavaMatrixMultiply();

  @BeforeAll
  static void load() throws MatrixMultiplyUnavailableException {
    openBlas = new OpenBlasProvider().load();
  }

  @Test
  void theNameTellsVersionAndProcessor() {
    assertTrue(openBlas.name().matches("openblas 0\\.3\\.31 \\(\\w+\\)"), openBlas.name());
    assertEquals(
        "openblas 0.3.31 (SkylakeX)",
        OpenBlas.name("OpenBLAS 0.3.31 DYNAMIC_ARCH MAX_THREADS=64", "SkylakeX"));
  }

  /**
   * The last two shapes are cut into several native calls, along k and along all three dimensions.
   */
  @ParameterizedTest(name = "m={0} n={1} k={2} alpha={3} beta={4}")
  @CsvSource({
    "1,1,1,1,0",
    "2,3,4,1,0",
    "4,4,4,1,1",
    "5,7,3,2,0.5",
    "17,33,65,1,0",
    "64,10,70,1,0",
    "10,64,70,-1,1",
    "1,500,129,1,0",
    "500,1,129,1,1",
    "31,31,1,1,0",
    "6,6,0,1,0.5",
    "6,6,9,0,0.5",
    "100,700,1000,1,0.5",
    "450,500,400,2,0.5"
  })
  void everyTransposeAgreesWithPlainJava(int m, int n, int k, float alpha, float beta) {
    for (int transposes = 0; transposes < 4; transposes++) {
      Product product =
          new Product((transposes & 1) != 0, (transposes & 2) != 0, m, n, k, alpha, beta);
      double[] expected = product.multiply(java, product.c.clone());
      double[] magnitude = product.absolute().multiply(java, product.absolute().c);
      double[] actual64 = product.multiply(openBlas, product.c.clone());
      float[] actual32 = product.multiply(openBlas, floats(product.c));
      // a sum of k products in any order errs by at most k u / (1 - k u) times the sum of absolute
      // products; scaling by alpha and beta adds
      // three roundings; the float64 reference errs as much as the float64 result
      double terms = k + 3;
      for (int i = 0; i < expected.length; i++) {
        double bound64 = 2 * terms * 0x1p-53 / (1 - terms * 0x1p-53) * magnitude[i];
        double bound32 = terms * 0x1p-24 / (1 - terms * 0x1p-24) * magnitude[i] + bound64;
        assertEquals(
            expected[i],
            actual64[i],
            bound64,
            "float64, transposes " + transposes + ", element " + i);
        assertEquals(
            expected[i],
            actual32[i],
            bound32,
            "float32, transposes " + transposes + ", element " + i);
      }
    }
  }

  @ParameterizedTest(name = "{0} threads")
  @ValueSource(ints = {1, 2, 3, 7})
  void productsAtTheSameTimeGiveTheBitsOfProductsOneByOne(int threads) {
    int products = 24;
    Product product = new Product(false, true, 48, 80, 300, 1f, 0f);
    float[] one = product.multiply(openBlas, new float[product.c.length]);
    float[][] results = new float[products][product.c.length];
    try (WorkerThreads workers = Workers.of(threads)) {
      for (int repeat = 0; repeat < 5; repeat++) {
        workers.run(products, i -> product.multiply(openBlas, results[i]));
        for (float[] result : results) {
          assertArrayEquals(one, result);
        }
      }
    }
  }

  @Test
  void anOldResultIsIgnoredWhenBetaIsZero() {
    float[] c = {Float.NaN, Float.POSITIVE_INFINITY};
    openBlas.multiply(
        false, false, 1, 2, 1, 1f, new float[] {3}, 0, 1, new float[] {4, 5}, 0, 2, 0f, c, 0, 2);
    assertArrayEquals(new float[] {12, 15}, c);
    double[] d = {Double.NaN, Double.POSITIVE_INFINITY};
    openBlas.multiply(
        false,
        false,
        1,
        2,
        1,
        1.0,
        new double[] {3},
        0,
        1,
        new double[] {4, 5},
        0,
        2,
        0.0,
        d,
        0,
        2);
    assertArrayEquals(new double[] {12, 15}, d);
  }

  @Test
  void emptyProductsTouchNothing() {
    float[] none = {};
    openBlas.multiply(false, false, 0, 3, 2, 1f, none, 0, 2, new float[6], 0, 3, 0f, none, 0, 3);
    openBlas.multiply(true, true, 3, 0, 2, 1f, new float[6], 0, 3, none, 0, 2, 0f, none, 0, 0);
    double[] c = {1, 2};
    openBlas.multiply(
        false, false, 1, 2, 0, 1.0, new double[0], 0, 0, new double[0], 0, 2, 0.0, c, 0, 2);
    assertArrayEquals(new double[] {0, 0}, c);
  }

  @Test
  @SuppressWarnings("NullAway") // that null is refused is the point
  void matricesThatDoNotFitNeverReachNativeCode() {
    float[] six = new float[6];
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () ->
                    openBlas.multiply(
                        false, false, 2, 3, 2, 1f, six, 0, 2, six, 1, 3, 0f, six, 0, 3))
            .getMessage();
    assertEquals(
        "matrix product: B (2 stored rows of 3, leading dimension 3) needs elements 1 to 7 of an"
            + " array of 6",
        message);
    assertThrows(
        IllegalArgumentException.class,
        () ->
            openBlas.multiply(
                false,
                false,
                2,
                3,
                2,
                1.0,
                new double[6],
                -1,
                2,
                new double[6],
                0,
                3,
                0.0,
                new double[6],
                0,
                3));
    assertThrows(
        IllegalArgumentException.class,
        () -> openBlas.multiply(false, false, -1, 3, 2, 1f, six, 0, 2, six, 0, 3, 0f, six, 0, 3));
    assertThrows(
        NullPointerException.class,
        () -> openBlas.multiply(false, false, 2, 3, 2, 1f, null, 0, 2, six, 0, 3, 0f, six, 0, 3));
  }

  private static float[] floats(double[] values) {
    float[] result = new float[values.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }

  /** A random product of values that float32 holds exactly, with offsets and gaps between rows. */
  private static final class Product {
    private final boolean transposeA;
    private final boolean transposeB;
    private final int m;
    private final int n;
    private final int k;
    private final float alpha;
    private final float beta;
    private final int lda;
    private final int ldb;
    private final int ldc;
    private final double[] a;
    private final double[] b;
    private final double[] c;

    Product(boolean transposeA, boolean transposeB, int m, int n, int k, float alpha, float beta) {
      this(transposeA, transposeB, m, n, k, alpha, beta, new SplittableRandom(17));
    }

    private Product(
        boolean transposeA,
        boolean transposeB,
        int m,
        int n,
        int k,
        float alpha,
        float beta,
        SplittableRandom random) {
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
      this.a = values(random, 3 + lda * (transposeA ? k : m));
      this.b = values(random, 5 + ldb * (transposeB ? n : k));
      this.c = values(random, 7 + ldc * m);
    }

    /** The same product of absolute values. */
    Product absolute() {
      Product product =
          new Product(transposeA, transposeB, m, n, k, Math.abs(alpha), Math.abs(beta));
      for (double[] values : new double[][] {product.a, product.b, product.c}) {
        for (int i = 0; i < values.length; i++) {
          values[i] = Math.abs(values[i]);
        }
      }
      return product;
    }

    float[] multiply(MatrixMultiply with, float[] result) {
      with.multiply(
          transposeA,
          transposeB,
          m,
          n,
          k,
          alpha,
          floats(a),
          3,
          lda,
          floats(b),
          5,
          ldb,
          beta,
          result,
          7,
          ldc);
      return result;
    }

    double[] multiply(MatrixMultiply with, double[] result) {
      with.multiply(
          transposeA, transposeB, m, n, k, alpha, a, 3, lda, b, 5, ldb, beta, result, 7, ldc);
      return result;
    }

    private static double[] values(SplittableRandom random, int length) {
      double[] values = new double[length];
      for (int i = 0; i < length; i++) {
        values[i] = (float) random.nextDouble(-1, 1);
      }
      return values;
    }
  }
}
