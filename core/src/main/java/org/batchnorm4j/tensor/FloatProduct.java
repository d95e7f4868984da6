package org.batchnorm4j.tensor;

import java.util.Arrays;

/**
 * Workspace and loops of a float32 matrix product on one thread; {@link DoubleProduct} is its
 * float64 twin.
 *
 * <p>Every sum starts at 0 and runs {@code sum = fma(a, b, sum)} over {@code k} in order, however
 * the work is blocked. Rows of B and of the sums are arrays of their own, all read and written at
 * the same index: the compiler can then prove that they do not overlap and turns the inner loop
 * into vector instructions. Not safe for use by many threads.
 */
final class FloatProduct {
  static final int ROWS = 256;
  static final int COLUMNS = 256;
  static final int DEPTH = 64;

  private final float[][] sums = new float[ROWS][COLUMNS];
  private final float[][] right = new float[DEPTH][COLUMNS];
  private final float[] left = new float[ROWS * DEPTH];

  /**
   * Computes {@code C = alpha * A * B + beta * C}. Element (i, j) of each matrix lies at {@code
   * from + i * down + j * across}.
   */
  void multiply(
      int m,
      int n,
      int k,
      float alpha,
      float[] a,
      MatrixPosition atA,
      float[] b,
      MatrixPosition atB,
      float beta,
      float[] c,
      MatrixPosition atC) {
    for (int j = 0; j < n; j += COLUMNS) {
      int columns = Math.min(COLUMNS, n - j);
      for (int i = 0; i < m; i += ROWS) {
        int rows = Math.min(ROWS, m - i);
        clearSums(rows, columns);
        for (int p = 0; p < k; p += DEPTH) {
          int depth = Math.min(DEPTH, k - p);
          packLeft(a, atA.index(i, p), atA.down(), atA.across(), rows, depth);
          packRight(b, atB.index(p, j), atB.down(), atB.across(), depth, columns);
          accumulate(rows, columns, depth);
        }
        store(rows, columns, alpha, beta, c, atC.index(i, j), atC.down(), atC.across());
      }
    }
  }

  private void clearSums(int rows, int columns) {
    for (int i = 0; i < rows || i % 4 != 0; i++) {
      Arrays.fill(sums[i], 0, columns, 0f);
    }
  }

  /** Copies A in squares of 4 by 4, row by row inside a square; what lies beyond the edge is 0. */
  private void packLeft(float[] a, int from, int down, int across, int rows, int depth) {
    int at = 0;
    for (int i = 0; i < rows; i += 4) {
      for (int p = 0; p < depth; p += 4) {
        if (i + 4 <= rows && p + 4 <= depth) {
          packSquare(a, from + i * down + p * across, down, across, at);
        } else {
          packCorner(
              a,
              from + i * down + p * across,
              down,
              across,
              Math.min(4, rows - i),
              Math.min(4, depth - p),
              at);
        }
        at += 16;
      }
    }
  }

  private void packSquare(float[] a, int from, int down, int across, int at) {
    for (int i = 0; i < 4; i++) {
      int row = from + i * down;
      left[at + 4 * i] = a[row];
      left[at + 4 * i + 1] = a[row + across];
      left[at + 4 * i + 2] = a[row + 2 * across];
      left[at + 4 * i + 3] = a[row + 3 * across];
    }
  }

  private void packCorner(float[] a, int from, int down, int across, int rows, int depth, int at) {
    for (int i = 0; i < 4; i++) {
      for (int p = 0; p < 4; p++) {
        left[at + 4 * i + p] = i < rows && p < depth ? a[from + i * down + p * across] : 0f;
      }
    }
  }

  private void packRight(float[] b, int from, int down, int across, int depth, int columns) {
    if (across == 1) {
      for (int p = 0; p < depth; p++) {
        System.arraycopy(b, from + p * down, right[p], 0, columns);
      }
    } else {
      packRightTransposed(b, from, down, across, depth, columns);
    }
    for (int p = depth; p % 4 != 0; p++) {
      Arrays.fill(right[p], 0, columns, 0f);
    }
  }

  private void packRightTransposed(
      float[] b, int from, int down, int across, int depth, int columns) {
    int p = 0;
    for (; p + 4 <= depth; p += 4) {
      float[] r0 = right[p];
      float[] r1 = right[p + 1];
      float[] r2 = right[p + 2];
      float[] r3 = right[p + 3];
      int at = from + p * down;
      for (int j = 0; j < columns; j++) {
        r0[j] = b[at];
        r1[j] = b[at + down];
        r2[j] = b[at + 2 * down];
        r3[j] = b[at + 3 * down];
        at += across;
      }
    }
    for (; p < depth; p++) {
      float[] row = right[p];
      int at = from + p * down;
      for (int j = 0; j < columns; j++) {
        row[j] = b[at];
        at += across;
      }
    }
  }

  private void accumulate(int rows, int columns, int depth) {
    int at = 0;
    for (int i = 0; i < rows; i += 4) {
      for (int p = 0; p < depth; p += 4) {
        addSquare(
            sums[i],
            sums[i + 1],
            sums[i + 2],
            sums[i + 3],
            right[p],
            right[p + 1],
            right[p + 2],
            right[p + 3],
            left,
            at,
            columns);
        at += 16;
      }
    }
  }

  /** Adds a 4 by 4 square of A times 4 rows of B to 4 rows of sums. */
  private static void addSquare(
      float[] c0,
      float[] c1,
      float[] c2,
      float[] c3,
      float[] b0,
      float[] b1,
      float[] b2,
      float[] b3,
      float[] a,
      int at,
      int columns) {
    float a00 = a[at];
    float a01 = a[at + 1];
    float a02 = a[at + 2];
    float a03 = a[at + 3];
    float a10 = a[at + 4];
    float a11 = a[at + 5];
    float a12 = a[at + 6];
    float a13 = a[at + 7];
    float a20 = a[at + 8];
    float a21 = a[at + 9];
    float a22 = a[at + 10];
    float a23 = a[at + 11];
    float a30 = a[at + 12];
    float a31 = a[at + 13];
    float a32 = a[at + 14];
    float a33 = a[at + 15];
    for (int j = 0; j < columns; j++) {
      float x0 = b0[j];
      float x1 = b1[j];
      float x2 = b2[j];
      float x3 = b3[j];
      c0[j] = Math.fma(a03, x3, Math.fma(a02, x2, Math.fma(a01, x1, Math.fma(a00, x0, c0[j]))));
      c1[j] = Math.fma(a13, x3, Math.fma(a12, x2, Math.fma(a11, x1, Math.fma(a10, x0, c1[j]))));
      c2[j] = Math.fma(a23, x3, Math.fma(a22, x2, Math.fma(a21, x1, Math.fma(a20, x0, c2[j]))));
      c3[j] = Math.fma(a33, x3, Math.fma(a32, x2, Math.fma(a31, x1, Math.fma(a30, x0, c3[j]))));
    }
  }

  private void store(
      int rows, int columns, float alpha, float beta, float[] c, int from, int down, int across) {
    boolean plain = alpha == 1f && beta == 0f;
    for (int i = 0; i < rows; i++) {
      float[] row = sums[i];
      int at = from + i * down;
      if (plain && across == 1) {
        System.arraycopy(row, 0, c, at, columns);
      } else if (beta == 0f) {
        for (int j = 0; j < columns; j++) {
          c[at + j * across] = alpha * row[j];
        }
      } else {
        for (int j = 0; j < columns; j++) {
          c[at + j * across] = alpha * row[j] + beta * c[at + j * across];
        }
      }
    }
  }
}
