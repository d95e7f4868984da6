package org.batchnorm4j.tensor;

/**
 * A {@link MatrixMultiplyProvider} cannot work in this JVM; the message gives the reason and the
 * remedy in one line. Reading it is safe for use by many threads, as with every exception.
 */
public final class MatrixMultiplyUnavailableException extends Exception {
  private static final long serialVersionUID = 1;

  /** An exception with a line of the form {@code "reason; remedy"}. */
  public MatrixMultiplyUnavailableException(String message) {
    super(message);
  }

  /** An exception with a line of the form {@code "reason; remedy"} and the error behind it. */
  public MatrixMultiplyUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
