package org.batchnorm4j.autograd;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations (Golub and Van Loan
 * 2013, 8.5): only sums, products, quotients and roots, so the bits are the same on every machine.
 */
final class SymmetricMatrix {
  private static final int MOST_SWEEPS = 60;

  private final int size;
  private final double[] values; // size * size, ends up diagonal
  private final double[] vectors; // one per column

  /** Takes over the array, of which the symmetric part counts. */
  SymmetricMatrix(int size, double[] matrix) {
    this.size = size;
    values = matrix;
    vectors = new double[size * size];
    for (int i = 0; i < size; i++) {
      vectors[i * size + i] = 1;
      for (int j = 0; j < i; j++) {
        double mean = 0.5 * (matrix[i * size + j] + matrix[j * size + i]);
        matrix[i * size + j] = mean;
        matrix[j * size + i] = mean;
      }
    }
    for (int sweep = 0; sweep < MOST_SWEEPS && !isDiagonal(); sweep++) {
      for (int p = 0; p < size - 1; p++) {
        for (int q = p + 1; q < size; q++) {
          rotate(p, q);
        }
      }
    }
  }

  double eigenvalue(int i) {
    return values[i * size + i];
  }

  /** Row-major, an eigenvector in each column. */
  double[] eigenvectors() {
    return vectors;
  }

  private boolean isDiagonal() {
    double off = 0;
    double all = 0;
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        double square = values[i * size + j] * values[i * size + j];
        all += square;
        off += i == j ? 0 : square;
      }
    }
    return !(off > 1e-34 * all); // NaN ends it too
  }

  private void rotate(int p, int q) {
    double apq = values[p * size + q];
    if (apq == 0) {
      return;
    }
    double theta = (values[q * size + q] - values[p * size + p]) / (2 * apq);
    double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
    double c = 1 / Math.sqrt(t * t + 1);
    double s = t * c;
    for (int k = 0; k < size; k++) {
      turn(values, k * size + p, k * size + q, c, s);
    }
    for (int k = 0; k < size; k++) {
      turn(values, p * size + k, q * size + k, c, s);
      turn(vectors, k * size + p, k * size + q, c, s);
    }
  }

  private static void turn(double[] array, int first, int second, double c, double s) {
    double a = array[first];
    double b = array[second];
    array[first] = c * a - s * b;
    array[second] = s * a + c * b;
  }
}
