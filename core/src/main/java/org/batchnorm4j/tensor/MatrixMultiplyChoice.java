package org.batchnorm4j.tensor;

import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The matrix multiplication that runs, and why: a native library if a provider is present, loads,
 * and computes the same as {@link JavaMatrixMultiply} up to rounding in a self-test of a few
 * milliseconds; else plain Java.
 *
 * <p>Immutable and safe to share between threads. Nothing is cached: keep the result. Choosing may
 * load a native library, so choose when the first product is needed.
 */
public final class MatrixMultiplyChoice {
  private final MatrixMultiply multiply;
  private final String description;

  private MatrixMultiplyChoice(MatrixMultiply multiply, String description) {
    this.multiply = multiply;
    this.description = description;
  }

  /**
   * Chooses; with {@link MatrixMultiplyPreference#AUTO}, a fallback to plain Java is logged as a
   * warning to the logger {@code org.batchnorm4j.tensor}.
   *
   * @throws IllegalStateException if the preference is {@link MatrixMultiplyPreference#NATIVE} and
   *     no native library can be had; the message says why
   */
  public static MatrixMultiplyChoice choose(MatrixMultiplyPreference preference) {
    return choose(
        preference,
        line -> System.getLogger("org.batchnorm4j.tensor").log(System.Logger.Level.WARNING, line));
  }

  /**
   * Chooses; with {@link MatrixMultiplyPreference#AUTO}, {@code notice} receives one line if no
   * native library can be had, with the reason and the remedy, and is not called otherwise.
   *
   * @throws IllegalStateException if the preference is {@link MatrixMultiplyPreference#NATIVE} and
   *     no native library can be had; the message says why
   */
  public static MatrixMultiplyChoice choose(
      MatrixMultiplyPreference preference, Consumer<String> notice) {
    return choose(preference, notice, MatrixMultiplyChoice::provided);
  }

  static MatrixMultiplyChoice choose(
      MatrixMultiplyPreference preference,
      Consumer<String> notice,
      Supplier<Optional<MatrixMultiplyProvider>> provider) {
    if (preference == MatrixMultiplyPreference.JAVA) {
      return new MatrixMultiplyChoice(new JavaMatrixMultiply(), "java (asked for)");
    }
    try {
      MatrixMultiply loaded = loaded(provider);
      return new MatrixMultiplyChoice(loaded, loaded.name());
    } catch (MatrixMultiplyUnavailableException unavailable) {
      String reason = unavailable.getMessage();
      if (preference == MatrixMultiplyPreference.NATIVE) {
        throw new IllegalStateException(
            "Native matrix multiplication cannot be used: " + reason, unavailable);
      }
      notice.accept("Using matrix multiplication in plain Java, which is slower: " + reason);
      return new MatrixMultiplyChoice(
          new JavaMatrixMultiply(), "java (no native library: " + reason + ")");
    }
  }

  private static MatrixMultiply loaded(Supplier<Optional<MatrixMultiplyProvider>> provider)
      throws MatrixMultiplyUnavailableException {
    try {
      Optional<MatrixMultiplyProvider> found = provider.get();
      if (found.isEmpty()) {
        throw new MatrixMultiplyUnavailableException(
            "no native library was found; add batchnorm4j-blas to the class path or module path");
      }
      MatrixMultiply multiply = found.get().load();
      Optional<String> difference = MatrixMultiplySelfTest.firstDifference(multiply);
      if (difference.isPresent()) {
        throw new MatrixMultiplyUnavailableException(
            multiply.name()
                + " computes wrong results ("
                + difference.get()
                + "); please report this with the model of your processor");
      }
      return multiply;
    } catch (ServiceConfigurationError | LinkageError e) {
      throw new MatrixMultiplyUnavailableException(
          "batchnorm4j-blas does not load here ("
              + (e.getCause() == null ? e : e.getCause())
              + "); use the version that belongs to this batchnorm4j",
          e);
    }
  }

  private static Optional<MatrixMultiplyProvider> provided() {
    return ServiceLoader.load(
            MatrixMultiplyProvider.class, MatrixMultiplyChoice.class.getClassLoader())
        .findFirst();
  }

  /** The multiplication to use. */
  public MatrixMultiply multiply() {
    return multiply;
  }

  /**
   * One line for people, such as {@code "openblas 0.3.31 (SkylakeX)"}; after a fallback it names
   * the reason.
   */
  public String describe() {
    return description;
  }

  /** The same as {@link #describe()}. */
  @Override
  public String toString() {
    return description;
  }
}
