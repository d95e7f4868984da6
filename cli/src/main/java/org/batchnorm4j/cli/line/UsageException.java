package org.batchnorm4j.cli.line;

/**
 * The arguments cannot be followed. The message is one line and says what to write instead. For use
 * by one thread at a time, like every exception.
 */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With that message. */
  public UsageException(String message) {
    super(message);
  }

  /** For what a library class said about an argument. */
  public UsageException(IllegalArgumentException cause) {
    super(cause.getMessage(), cause);
  }
}
