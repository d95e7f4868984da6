package org.batchnorm4j.io;

import java.nio.file.Path;

/**
 * A file asks for more than {@link ReadLimits} allows. The message names the limit, so that a
 * caller who trusts the file can raise it. Immutable after construction, as far as {@link
 * Throwable} allows.
 */
public final class ReadLimitException extends FormatException {
  private static final long serialVersionUID = 1L;

  /** Makes an exception whose message is {@code "<file>: <detail>"}. */
  public ReadLimitException(Path file, String detail) {
    super(file, detail);
  }
}
