package org.batchnorm4j.tensor;

/**
 * Thrown when a shape does not fit an operation; the message names shape, axis and expectation.
 * Reading it is safe for use by many threads, as with every exception.
 */
public final class ShapeException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /**
   * An exception with the whole story in one line.
   *
   * @param message what was being done, the shape, what was expected and how to change it
   */
  public ShapeException(String message) {
    super(message);
  }
}
