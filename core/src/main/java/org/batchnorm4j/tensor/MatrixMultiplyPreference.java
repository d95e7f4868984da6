package org.batchnorm4j.tensor;

import java.util.Locale;

/**
 * Which matrix multiplication the user asks for; {@link MatrixMultiplyChoice} says which one runs.
 * Immutable and safe for use by many threads.
 */
public enum MatrixMultiplyPreference {
  /** The native library where it can be had, else plain Java with one line that says why. */
  AUTO,
  /** Plain Java, on any machine, with the same bits everywhere. */
  JAVA,
  /** The native library or an exception. */
  NATIVE;

  /**
   * The preference named {@code "auto"}, {@code "java"} or {@code "native"}.
   *
   * @throws IllegalArgumentException for any other name
   */
  public static MatrixMultiplyPreference named(String name) {
    for (MatrixMultiplyPreference preference : values()) {
      if (preference.toString().equals(name)) {
        return preference;
      }
    }
    String shown = name.length() > 40 ? name.substring(0, 40) + "..." : name;
    throw new IllegalArgumentException(
        "matrix multiplication \"" + shown + "\" is unknown; choose auto, java or native");
  }

  /** The name as users write it, in lower case. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
