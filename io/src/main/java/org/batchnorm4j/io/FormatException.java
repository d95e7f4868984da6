package org.batchnorm4j.io;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a file are not what its format demands.
 *
 * <p>The message is one line and names the file, the field, the byte offset where known, the value
 * and what was expected. Immutable after construction, as far as {@link Throwable} allows.
 */
public sealed class FormatException extends IOException permits ReadLimitException {
  private static final long serialVersionUID = 1L;
  private static final int QUOTED_CHARACTERS = 60;

  /** Makes an exception with a message that already names the file. */
  public FormatException(String message) {
    super(message);
  }

  /** Makes an exception whose message is {@code "<file>: <detail>"}. */
  public FormatException(Path file, String detail) {
    this(file, detail, null);
  }

  /** Makes an exception whose message is {@code "<file>: <detail>"}, brought about by another. */
  public FormatException(Path file, String detail, @Nullable Throwable cause) {
    super(file + ": " + detail, cause);
  }

  /**
   * Returns text from a file made fit for a message: in double quotes, cut after 60 characters,
   * with control characters and anything else that does not print, quotes and backslashes written
   * as escapes.
   */
  public static String quote(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    int end = Math.min(text.length(), QUOTED_CHARACTERS);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (prints(c)) {
        quoted.append(c);
      } else {
        quoted.append(String.format("\\u%04x", (int) c));
      }
    }
    return quoted.append(end < text.length() ? "\"..." : "\"").toString();
  }

  private static boolean prints(char c) {
    return c == ' '
        || Character.isLetterOrDigit(c)
        || (c > ' ' && c < 127)
        || Character.getType(c) == Character.OTHER_PUNCTUATION;
  }
}
