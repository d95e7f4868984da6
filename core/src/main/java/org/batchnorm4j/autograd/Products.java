package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Matrix products. Functions without state: safe for use by many threads. */
public final class Products {
  private Products() {}

  /**
   * {@code op(a) op(b)}, where op transposes the last two axes if asked to; {@code b} has rank 2,
   * or the leading axes of {@code a}.
   */
  public static Tensor matmul(
      Tensor a, Tensor b, boolean transposeA, boolean transposeB, Pass pass) {
    return pass.record(
        "matmul",
        pass.backend().matmul(a, b, transposeA, transposeB),
        new Edge(
            a,
            (g, p) ->
                transposeA
                    ? matmul(b, g, transposeB, true, p)
                    : matmul(g, b, false, !transposeB, p)),
        new Edge(b, (g, p) -> right(a, b, g, transposeA, transposeB, p)));
  }

  private static Tensor right(
      Tensor a, Tensor b, Tensor g, boolean transposeA, boolean transposeB, Pass pass) {
    if (b.rank() == 2 && a.rank() > 2) { // the leading axes of a are rows of one matrix
      long rows = a.shape().span(0, a.rank() - 1); // -1 cannot be worked out of no values
      Tensor flat = pass.reshape(a, rows, a.axis(-1));
      return right(flat, b, pass.reshape(g, rows, g.axis(-1)), false, transposeB, pass);
    }
    return transposeB
        ? matmul(g, a, true, transposeA, pass)
        : matmul(a, g, !transposeA, false, pass);
  }

  /**
   * {@code x W^T + b}: (..., in) to (..., out) with W (out, in).
   *
   * @param bias (out), or null
   */
  public static Tensor linear(Tensor x, Tensor weight, @Nullable Tensor bias, Pass pass) {
    Tensor y = matmul(x, weight, false, true, pass);
    return bias == null ? y : pass.add(y, bias);
  }
}
