package org.batchnorm4j.tensor;

import java.util.Arrays;

/** Matrix products of tensors, with leading axes as a batch or as rows of one matrix. */
final class MatrixProducts {
  private final TiledMatrixMultiply tiled;
  private final Memory memory;

  MatrixProducts(MatrixMultiply multiply, Workers workers, Memory memory) {
    this.tiled = new TiledMatrixMultiply(multiply, workers);
    this.memory = memory;
  }

  Tensor matmul(Tensor left, Tensor right, boolean transposeA, boolean transposeB) {
    Elementwise.requireComputing("matmul", left);
    if (left.dtype() != right.dtype()) {
      throw new IllegalArgumentException(
          "matmul of "
              + left.dtype()
              + " and "
              + right.dtype()
              + " tensors: convert one of them with to(DType)");
    }
    Tensor a = Conversion.convert(left, left.dtype(), Layout.CHANNELS_FIRST, memory);
    Tensor b = Conversion.convert(right, right.dtype(), Layout.CHANNELS_FIRST, memory);
    if (a.rank() < 2 || b.rank() < 2) {
      throw mismatch(left, right, transposeA, transposeB);
    }
    boolean flat = b.rank() == 2 && !transposeA;
    int batches = flat || a.rank() == 2 ? 1 : (int) a.shape().span(0, a.rank() - 2);
    boolean sameBatches =
        a.rank() == b.rank()
            && Arrays.equals(
                Arrays.copyOf(a.shape().toArray(), a.rank() - 2),
                Arrays.copyOf(b.shape().toArray(), b.rank() - 2));
    int rows = flat ? (int) a.shape().span(0, a.rank() - 1) : a.axis(-2);
    int m = transposeA ? a.axis(-1) : rows;
    int k = transposeA ? rows : a.axis(-1);
    int n = transposeB ? b.axis(-2) : b.axis(-1);
    if (k != (transposeB ? b.axis(-1) : b.axis(-2)) || (!flat && !sameBatches)) {
      throw mismatch(left, right, transposeA, transposeB);
    }
    Shape shape = a.shape().with(-1, n);
    Tensor c =
        memory.allocate(a.dtype(), transposeA ? shape.with(-2, m) : shape, Layout.CHANNELS_FIRST);
    int lda = a.axis(-1);
    int ldb = b.axis(-1);
    for (int batch = 0; batch < batches; batch++) {
      int aFrom = a.offset() + batch * m * k;
      int bFrom = b.offset() + batch * k * n;
      if (c.dtype() == DType.FLOAT32) {
        tiled.multiply(
            transposeA,
            transposeB,
            m,
            n,
            k,
            1f,
            a.unsafeFloatArray(),
            aFrom,
            lda,
            b.unsafeFloatArray(),
            bFrom,
            ldb,
            0f,
            c.unsafeFloatArray(),
            batch * m * n,
            n);
      } else {
        tiled.multiply(
            transposeA,
            transposeB,
            m,
            n,
            k,
            1d,
            a.unsafeDoubleArray(),
            aFrom,
            lda,
            b.unsafeDoubleArray(),
            bFrom,
            ldb,
            0d,
            c.unsafeDoubleArray(),
            batch * m * n,
            n);
      }
    }
    return c;
  }

  private static ShapeException mismatch(
      Tensor a, Tensor b, boolean transposeA, boolean transposeB) {
    return new ShapeException(
        "matmul of shapes "
            + a.shape()
            + (transposeA ? " transposed" : "")
            + " and "
            + b.shape()
            + (transposeB ? " transposed" : "")
            + ": the last axis of the first must equal the last but one of the second, and leading"
            + " axes must agree"
            + remedy(a, b, transposeA, transposeB));
  }

  private static String remedy(Tensor a, Tensor b, boolean transposeA, boolean transposeB) {
    if (a.rank() < 2 || b.rank() < 2) {
      return "; give a vector two axes with reshape(1, -1) or reshape(-1, 1)";
    }
    boolean swapped = a.axis(transposeA ? -2 : -1) == b.axis(transposeB ? -2 : -1);
    return swapped ? "; the second would fit with its last two axes swapped" : "";
  }
}
