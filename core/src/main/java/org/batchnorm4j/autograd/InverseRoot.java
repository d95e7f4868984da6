package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/**
 * The symmetric inverse square root of positive definite matrices (G, d, d) in float64. Functions
 * without state: safe for use by many threads.
 */
final class InverseRoot {
  private InverseRoot() {}

  /**
   * By eigenvalues: {@code D diag(l^-1/2) D^T}. With {@code S} the result, the gradient is {@code D
   * (K o (D^T g D)) D^T} with {@code K_ij = -1 / (sqrt(l_i l_j) (sqrt(l_i) + sqrt(l_j)))}, the
   * divided differences of {@code l^-1/2}, which have no poles where eigenvalues are equal (Higham
   * 2008, section 3.2). Takes no second derivatives.
   */
  static Tensor byEigenvalues(Tensor sigma, Pass pass) {
    int groups = sigma.axis(0);
    int d = sigma.axis(1);
    double[] all = sigma.toDoubles();
    double[] roots = new double[groups * d];
    double[] turns = new double[all.length];
    double[] inverse = new double[all.length];
    double[] kernel = new double[all.length];
    for (int g = 0; g < groups; g++) {
      double[] matrix = new double[d * d];
      System.arraycopy(all, g * d * d, matrix, 0, d * d);
      SymmetricMatrix eigen = new SymmetricMatrix(d, matrix);
      System.arraycopy(eigen.eigenvectors(), 0, turns, g * d * d, d * d);
      for (int i = 0; i < d; i++) {
        roots[g * d + i] = Math.sqrt(eigen.eigenvalue(i));
      }
      for (int i = 0; i < d; i++) {
        inverse[g * d * d + i * d + i] = 1 / roots[g * d + i];
        for (int j = 0; j < d; j++) {
          double a = roots[g * d + i];
          double b = roots[g * d + j];
          kernel[g * d * d + i * d + j] = -1 / (a * b * (a + b));
        }
      }
    }
    long[] shape = sigma.shape().toArray();
    Tensor axes = Tensor.of(turns, shape);
    Tensor differences = Tensor.of(kernel, shape);
    Pass constant = pass.withoutTape();
    Tensor result = sandwich(axes, Tensor.of(inverse, shape), constant);
    return pass.record(
        "inverse square root",
        result,
        new Edge(sigma, (g, p) -> gradient(g, axes, differences, p)));
  }

  private static Tensor gradient(Tensor g, Tensor axes, Tensor differences, Pass pass) {
    if (pass.isRecording()) {
      throw new IllegalStateException(
          "whitening by eigenvalues has no gradients of gradients; leave createGraph out, or whiten"
              + " by Newton's steps");
    }
    Tensor turned =
        Products.matmul(Products.matmul(axes, g, true, false, pass), axes, false, false, pass);
    Tensor both = pass.mul(pass.add(turned, pass.permute(turned, 0, 2, 1)), 0.5);
    return sandwich(axes, pass.mul(both, differences), pass);
  }

  /** {@code D m D^T}. */
  private static Tensor sandwich(Tensor axes, Tensor m, Pass pass) {
    return Products.matmul(Products.matmul(axes, m, false, false, pass), axes, false, true, pass);
  }

  /**
   * By Newton's steps on {@code N = sigma / tr(sigma)}: {@code P := (3 P - P^3 N) / 2} from the
   * identity, and {@code P / sqrt(tr(sigma))} in the end. Gradients of any order.
   */
  static Tensor byNewton(Tensor sigma, int steps, Pass pass) {
    int groups = sigma.axis(0);
    int d = sigma.axis(1);
    Tensor identity = identity(d);
    Tensor diagonal = pass.mul(sigma, identity);
    Tensor trace = pass.reshape(pass.sum(diagonal, 1, 2), groups, 1, 1);
    Tensor scaled = pass.div(sigma, trace);
    Tensor p = pass.expand(identity, Shape.of(groups, d, d));
    for (int step = 0; step < steps; step++) {
      Tensor cube = pass.matmul(pass.matmul(pass.matmul(p, p), p), scaled);
      p = pass.mul(pass.sub(pass.mul(p, 3), cube), 0.5);
    }
    return pass.div(p, pass.sqrt(trace));
  }

  /** (d, d) in float64. */
  static Tensor identity(int d) {
    double[] values = new double[d * d];
    for (int i = 0; i < d; i++) {
      values[i * d + i] = 1;
    }
    return Tensor.of(values, d, d);
  }
}
