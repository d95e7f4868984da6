package org.batchnorm4j.cli;

/** The arguments cannot be followed. The message is one line and says what to write instead. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UsageException(String message) {
    super(message);
  }

  /** For what a library class said about an argument. */
  UsageException(IllegalArgumentException cause) {
    super(cause.getMessage(), cause);
  }
}
