package org.batchnorm4j.tensor;

/**
 * The inner loops of element-wise operations of two operands, over one run: value {@code i} of the
 * result comes from positions {@code ia + i * sa} and {@code ib + i * sb}. Strides are 0 or 1 in
 * most runs, which have loops of their own.
 */
final class PairLoops {
  private PairLoops() {}

  static void floats(
      BinaryOperation operation,
      float[] a,
      int ia,
      int sa,
      float[] b,
      int ib,
      int sb,
      float[] y,
      int iy,
      int length) {
    if (sa == 1 && sb == 1) {
      adjacent(operation, a, ia, b, ib, y, iy, length);
    } else if (sa == 1 && sb == 0) {
      withNumber(operation, a, ia, b[ib], y, iy, length);
    } else if (sa == 0 && sb == 1 && commutes(operation)) {
      withNumber(operation, b, ib, a[ia], y, iy, length);
    } else {
      strided(operation, a, ia, sa, b, ib, sb, y, iy, length);
    }
  }

  private static boolean commutes(BinaryOperation operation) {
    return operation == BinaryOperation.ADD || operation == BinaryOperation.MUL;
  }

  private static void adjacent(
      BinaryOperation operation,
      float[] a,
      int ia,
      float[] b,
      int ib,
      float[] y,
      int iy,
      int length) {
    if (operation == BinaryOperation.ADD) {
      for (int i = 0; i < length; i++) {
        y[iy + i] = a[ia + i] + b[ib + i];
      }
    } else if (operation == BinaryOperation.SUB) {
      for (int i = 0; i < length; i++) {
        y[iy + i] = a[ia + i] - b[ib + i];
      }
    } else if (operation == BinaryOperation.MUL) {
      for (int i = 0; i < length; i++) {
        y[iy + i] = a[ia + i] * b[ib + i];
      }
    } else if (operation == BinaryOperation.DIV) {
      for (int i = 0; i < length; i++) {
        y[iy + i] = a[ia + i] / b[ib + i];
      }
    } else {
      strided(operation, a, ia, 1, b, ib, 1, y, iy, length);
    }
  }

  private static void withNumber(
      BinaryOperation operation, float[] a, int ia, float b, float[] y, int iy, int length) {
    if (operation == BinaryOperation.ADD || operation == BinaryOperation.SUB) {
      float added = operation == BinaryOperation.ADD ? b : -b;
      for (int i = 0; i < length; i++) {
        y[iy + i] = a[ia + i] + added;
      }
    } else if (operation == BinaryOperation.MUL) {
      for (int i = 0; i < length; i++) {
        y[iy + i] = a[ia + i] * b;
      }
    } else if (operation == BinaryOperation.DIV) {
      for (int i = 0; i < length; i++) {
        y[iy + i] = a[ia + i] / b;
      }
    } else {
      strided(operation, a, ia, 1, new float[] {b}, 0, 0, y, iy, length);
    }
  }

  private static void strided(
      BinaryOperation operation,
      float[] a,
      int ia,
      int sa,
      float[] b,
      int ib,
      int sb,
      float[] y,
      int iy,
      int length) {
    for (int i = 0; i < length; i++) {
      // one operation in float64 rounded once to float32 equals the float32 operation
      y[iy + i] = (float) operation.apply(a[ia + i * sa], b[ib + i * sb]);
    }
  }

  static void doubles(
      BinaryOperation operation,
      double[] a,
      int ia,
      int sa,
      double[] b,
      int ib,
      int sb,
      double[] y,
      int iy,
      int length) {
    for (int i = 0; i < length; i++) {
      y[iy + i] = operation.apply(a[ia + i * sa], b[ib + i * sb]);
    }
  }

  /** Integers of either width, exactly; results that leave the type wrap around. */
  static void integers(
      BinaryOperation operation,
      Storage a,
      int ia,
      int sa,
      Storage b,
      int ib,
      int sb,
      Storage y,
      int iy,
      int length) {
    for (int i = 0; i < length; i++) {
      long left = Conversion.integer(a, ia + i * sa);
      long value = operation.apply(left, Conversion.integer(b, ib + i * sb));
      if (y instanceof Storage.Longs out) {
        out.array()[iy + i] = value;
      } else if (y instanceof Storage.Ints out) {
        out.array()[iy + i] = (int) value;
      }
    }
  }

  /** Truth values; int64 is compared exactly. */
  static void comparison(
      BinaryOperation operation,
      Tensor a,
      int ia,
      int sa,
      Tensor b,
      int ib,
      int sb,
      byte[] y,
      int iy,
      int length) {
    Storage left = a.storage();
    Storage right = b.storage();
    DType dtype = a.dtype();
    for (int i = 0; i < length; i++) {
      int p = ia + i * sa;
      int q = ib + i * sb;
      boolean holds =
          dtype == DType.INT64
              ? operation.apply(Conversion.integer(left, p), Conversion.integer(right, q)) != 0
              : operation.apply(Conversion.value(left, dtype, p), Conversion.value(right, dtype, q))
                  != 0;
      y[iy + i] = (byte) (holds ? 1 : 0);
    }
  }
}
