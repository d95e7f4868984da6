package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.LocalResponse;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * Local response normalisation, {@code y = x / (k + alpha / n * s)^beta}, where s is the sum of
 * squares over a window around each value and n the size of the window, its part beyond the edge
 * included; the same in training and inference. No state. Source: Krizhevsky, Sutskever and Hinton
 * 2012, section 3.3.
 *
 * <ul>
 *   <li>The constructors give PyTorch's layer: across channels, {@code size / 2} before the own one
 *       and {@code (size - 1) / 2} behind it; alpha 1e-4, beta 0.75, k 1.
 *   <li>{@link #crossMap} is PuzzleLib's {@code CrossMapLRN}: k is 2, and for an even size the
 *       longer side of the window lies behind the own channel.
 *   <li>{@link #withinMap} is PuzzleLib's {@code MapLRN}: a square window inside each channel, n is
 *       the square of the size.
 * </ul>
 *
 * <p>Safe for use by many threads.
 */
public final class LocalResponseNorm implements Module {
  private final Members members;
  private final Window window;
  private final int size;
  private final double alpha;
  private final double beta;
  private final double k;

  /** Where the window lies. */
  private enum Window {
    PYTORCH,
    CROSS_MAP,
    WITHIN_MAP
  }

  private LocalResponseNorm(
      String kind, Window window, int size, double alpha, double beta, double k) {
    if (size < 1) {
      throw new IllegalArgumentException(kind + " needs a size of at least 1, got " + size);
    }
    this.members = new Members(kind);
    this.window = window;
    this.size = size;
    this.alpha = alpha;
    this.beta = beta;
    this.k = k;
  }

  /** PyTorch's layer with its defaults. */
  public LocalResponseNorm(int size) {
    this(size, 1e-4, 0.75, 1);
  }

  /**
   * PyTorch's layer.
   *
   * @throws IllegalArgumentException if the size is below 1
   */
  public LocalResponseNorm(int size, double alpha, double beta, double k) {
    this("LocalResponseNorm", Window.PYTORCH, size, alpha, beta, k);
  }

  /** PuzzleLib's layer across channels with its defaults: size 5, alpha 1e-4, beta 0.75, k 2. */
  public static LocalResponseNorm crossMap() {
    return crossMap(5, 1e-4, 0.75, 2);
  }

  /**
   * PuzzleLib's layer across channels.
   *
   * @throws IllegalArgumentException if the size is below 1
   */
  public static LocalResponseNorm crossMap(int size, double alpha, double beta, double k) {
    return new LocalResponseNorm("CrossMapLRN", Window.CROSS_MAP, size, alpha, beta, k);
  }

  /** PuzzleLib's layer within channels with its defaults: size 5, alpha 1e-4, beta 0.75, k 2. */
  public static LocalResponseNorm withinMap() {
    return withinMap(5, 1e-4, 0.75, 2);
  }

  /**
   * PuzzleLib's layer within channels.
   *
   * @throws IllegalArgumentException if the size is below 1
   */
  public static LocalResponseNorm withinMap(int size, double alpha, double beta, double k) {
    return new LocalResponseNorm("MapLRN", Window.WITHIN_MAP, size, alpha, beta, k);
  }

  /**
   * Divides each value by what its neighbourhood says.
   *
   * @param input (N, C, ...) of rank 3 or more, within channels (N, C, H, W); any floating type and
   *     layout
   * @return same shape, type and layout
   * @throws ShapeException if the rank does not fit
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    int longer = size / 2;
    int shorter = (size - 1) / 2;
    return switch (window) {
      case PYTORCH ->
          SampleNorms.localResponseNorm(members.toString(), input, size, alpha, beta, k, pass);
      case CROSS_MAP -> LocalResponse.acrossChannels(input, shorter, longer, alpha, beta, k, pass);
      case WITHIN_MAP -> LocalResponse.withinChannels(input, shorter, longer, alpha, beta, k, pass);
    };
  }

  @Override
  public Members members() {
    return members;
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(
        size
            + ", alpha="
            + PythonText.of(alpha)
            + ", beta="
            + PythonText.of(beta)
            + ", k="
            + PythonText.of(k));
  }
}
