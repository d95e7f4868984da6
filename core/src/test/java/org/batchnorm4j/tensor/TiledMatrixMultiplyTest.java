package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.batchnorm4j.tensor.JavaMatrixMultiplyTest.Product;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TiledMatrixMultiplyTest {

  @ParameterizedTest(name = "{0} threads")
  @CsvSource({"1", "2", "3", "7"})
  void everyNumberOfThreadsGivesTheBitsOfTheWholeProduct(int threads) {
    JavaMatrixMultiply java = new JavaMatrixMultiply();
    int[][] sizes = {
      {64, 500, 300}, {500, 64, 300}, {333, 257, 129}, {5, 3, 2}, {0, 4, 4}, {1000, 1, 5000}
    };
    try (WorkerThreads workers = Workers.of(threads)) {
      TiledMatrixMultiply tiled = new TiledMatrixMultiply(java, workers);
      for (int[] size : sizes) {
        for (int transposes = 0; transposes < 4; transposes++) {
          Product product =
              new Product(
                  (transposes & 1) != 0,
                  (transposes & 2) != 0,
                  size[0],
                  size[1],
                  size[2],
                  1f,
                  0.5f,
                  3);
          float[] expected32 = product.c32.clone();
          product.multiplyFloats(java, expected32);
          float[] actual32 = product.c32.clone();
          tiled.multiply(
              product.transposeA,
              product.transposeB,
              product.m,
              product.n,
              product.k,
              product.alpha,
              product.a32,
              3,
              product.lda,
              product.b32,
              5,
              product.ldb,
              product.beta,
              actual32,
              7,
              product.ldc);
          assertArrayEquals(expected32, actual32);
          double[] expected64 = product.c64.clone();
          product.multiplyDoubles(java, expected64);
          double[] actual64 = product.c64.clone();
          tiled.multiply(
              product.transposeA,
              product.transposeB,
              product.m,
              product.n,
              product.k,
              (double) product.alpha,
              product.a64,
              3,
              product.lda,
              product.b64,
              5,
              product.ldb,
              (double) product.beta,
              actual64,
              7,
              product.ldc);
          assertArrayEquals(expected64, actual64);
        }
      }
    }
  }

  @ParameterizedTest(name = "{0} x {1} x {2}")
  @CsvSource({
    "1,1,1",
    "64,500,800",
    "500,800,64",
    "4096,4096,4096",
    "3,100000,7",
    "2147483,900,1",
    "129,129,100000",
    "0,5,5"
  })
  void tilesCoverTheResultExactlyOnce(int m, int n, int k) {
    TiledMatrixMultiply.Tiles tiles = TiledMatrixMultiply.Tiles.of(m, n, k);
    long covered = 0;
    for (int tile = 0; tile < tiles.count(); tile++) {
      assertTrue(tiles.row(tile) % tiles.high() == 0 && tiles.column(tile) % tiles.wide() == 0);
      assertTrue(tiles.rows(tile) > 0 && tiles.columns(tile) > 0);
      covered += (long) tiles.rows(tile) * tiles.columns(tile);
    }
    assertEquals((long) m * n, covered);
  }

  @Test
  void aLinearLayerOfTheMnistNetworkIsSharedOut() {
    assertEquals(4, TiledMatrixMultiply.Tiles.of(64, 500, 800).count());
    assertEquals(1, TiledMatrixMultiply.Tiles.of(64, 10, 500).count());
  }

  @Test
  void wrongArgumentsAreRefusedBeforeAnyTileRuns() {
    TiledMatrixMultiply tiled = new TiledMatrixMultiply(new JavaMatrixMultiply(), Workers.direct());
    float[] c = new float[600 * 600 - 1];
    assertThrows(
        IllegalArgumentException.class,
        () ->
            tiled.multiply(
                false,
                false,
                600,
                600,
                600,
                1f,
                new float[360_000],
                0,
                600,
                new float[360_000],
                0,
                600,
                0f,
                c,
                0,
                600));
    assertArrayEquals(new float[600 * 600 - 1], c);
  }
}
