package org.batchnorm4j.kernel;

import java.util.Locale;

/**
 * Which kernels the user asks for; {@link KernelChoice} says which ones run. Immutable and safe for
 * use by many threads.
 */
public enum KernelPreference {
  /** SIMD where the facts allow it, else scalar with one line that says why. */
  AUTO,
  /** Plain loops, on any JVM. */
  SCALAR,
  /** SIMD or an exception. */
  SIMD;

  /**
   * The preference named {@code "auto"}, {@code "scalar"} or {@code "simd"}.
   *
   * @throws IllegalArgumentException for any other name
   */
  public static KernelPreference named(String name) {
    for (KernelPreference preference : values()) {
      if (preference.toString().equals(name)) {
        return preference;
      }
    }
    String shown = name.length() > 40 ? name.substring(0, 40) + "..." : name;
    throw new IllegalArgumentException(
        "kernels \"" + shown + "\" are unknown; choose auto, scalar or simd");
  }

  /** The name as users write it, in lower case. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
