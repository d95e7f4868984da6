package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TensorTextTest {

  @Test
  void columnsAreAligned() {
    assertEquals(
        """
        tensor([[  1.0000,  -2.5000],
                [100.0000,      NaN]], shape=(2, 2), float32)\
        """,
        Tensor.of(new float[] {1, -2.5f, 100, Float.NaN}, 2, 2).toString());
  }

  @Test
  void numbersOfAllSizesTurnToExponents() {
    assertEquals(
        "tensor([1.0000e+00, 1.0000e+06,   Infinity], shape=(3), float64)",
        Tensor.of(new double[] {1, 1e6, Double.POSITIVE_INFINITY}, 3).toString());
    assertEquals(
        "tensor([-1.0000e-05,  0.0000e+00], shape=(2), float32)",
        Tensor.of(new float[] {-1e-5f, 0}, 2).toString());
  }

  @Test
  void scalarsAndEmptyTensorsHaveText() {
    assertEquals("tensor(3.0000, shape=(), float32)", Tensor.scalar(3f).toString());
    assertEquals("tensor([], shape=(0), float32)", Tensor.zeros(0).toString());
    assertEquals("tensor([[],\n        []], shape=(2, 0), float32)", Tensor.zeros(2, 0).toString());
    assertEquals(
        4,
        Tensor.zeros(100_000_000, 0, 5).toString().lines().filter(l -> l.contains("[]")).count()
            - 2); // three rows at each end, not 100 million
  }

  @Test
  void integersAreExact() {
    assertEquals(
        "tensor([9223372036854775807,                  -1], shape=(2), int64)",
        Tensor.of(new long[] {Long.MAX_VALUE, -1}, 2).toString());
    assertEquals("tensor([255], shape=(1), uint8)", Tensor.of(new byte[] {-1}, 1).toString());
    assertEquals(
        "tensor([ true, false], shape=(2), bool)",
        Tensor.arange(2).apply(BinaryOperation.EQ, Tensor.scalar(0f)).toString());
  }

  @Test
  void layoutAndLogicalOrderShow() {
    assertEquals(
        """
        tensor([[[0.0000, 1.0000],
                 [2.0000, 3.0000]]], shape=(1, 2, 2), float32, channels_last)\
        """,
        Tensor.arange(4).reshape(1, 2, 2).to(Layout.CHANNELS_LAST).toString());
  }

  @Test
  void largeTensorsShowTheirEnds() {
    assertEquals(
        "tensor([   0.0000,    1.0000,    2.0000, ..., 1998.0000, 1999.0000, 2000.0000],"
            + " shape=(2001), float32)",
        Tensor.arange(2001).toString());
    assertEquals(
        """
        tensor([[   0.0000,    1.0000],
                [   2.0000,    3.0000],
                [   4.0000,    5.0000],
                ...,
                [1994.0000, 1995.0000],
                [1996.0000, 1997.0000],
                [1998.0000, 1999.0000]], shape=(1000, 2), float32)\
        """,
        Tensor.arange(2000).reshape(1000, 2).toString());
    assertEquals(1000, Tensor.arange(1000).toString().split(",").length - 2);
  }
}
