package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Tensor;

/**
 * Rows of a tensor by number. Taking rows and adding them to where they came from are linear and
 * each other's transposes, so gradients of any order exist. Functions without state: safe for use
 * by many threads.
 */
public final class Rows {
  private Rows() {}

  /**
   * Row {@code rows[i]} of x as row i; zeros where it is -1.
   *
   * @param x (R, ...)
   * @param rows 0 to R - 1, or -1
   * @throws IndexOutOfBoundsException if there is no such row
   */
  public static Tensor gather(Tensor x, int[] rows, Pass pass) {
    return gather(x, rows, rows, pass);
  }

  /**
   * The same with a gradient for some of the rows only.
   *
   * @param trained like {@code rows}, with -1 for rows that get no gradient
   */
  public static Tensor gather(Tensor x, int[] rows, int[] trained, Pass pass) {
    int count = x.axis(0);
    return pass.record(
        "rows",
        pass.backend().gatherRows(x, rows),
        new Edge(x, (g, p) -> scatter(g, trained, count, p)));
  }

  private static Tensor scatter(Tensor g, int[] rows, int count, Pass pass) {
    return pass.record(
        "rows backward",
        pass.backend().scatterRows(g, count, rows),
        new Edge(g, (gg, p) -> gather(gg, rows, p)));
  }
}
