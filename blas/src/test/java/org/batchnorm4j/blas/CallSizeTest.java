package org.batchnorm4j.blas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CallSizeTest {

  @Test
  void smallProductsStayWhole() {
    assertEquals(new CallSize(64, 500, 800), CallSize.of(64, 500, 800));
    assertEquals(
        new CallSize(1, 1, Integer.MAX_VALUE / 64), CallSize.of(1, 1, Integer.MAX_VALUE / 64));
  }

  @Test
  void theInnerDimensionIsCutFirst() {
    // 2^26 / (512 * 256) = 512, rounded down to a multiple of 384
    assertEquals(new CallSize(512, 256, 384), CallSize.of(512, 256, 4608));
    // 2^26 / (128 * 256) = 2048 = 5 * 384 + 128
    assertEquals(new CallSize(128, 256, 1920), CallSize.of(128, 256, 10_000));
  }

  @ParameterizedTest(name = "{0} x {1} x {2}")
  @CsvSource({
    "1000,1000,1000",
    "4096,4096,4096",
    "1,2000000000,3",
    "2000000000,1,1",
    "1,1,2000000000",
    "100000,100000,1",
    "50000,7,5000"
  })
  void noPieceIsTooLarge(int m, int n, int k) {
    CallSize size = CallSize.of(m, n, k);
    assertTrue((long) size.m() * size.n() * size.k() <= 1 << 26, size.toString());
    assertTrue(size.m() > 0 && size.n() > 0 && size.k() > 0, size.toString());
    assertTrue(size.k() == k || size.k() % 384 == 0, size.toString());
  }
}
