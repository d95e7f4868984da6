package org.batchnorm4j.kernel;

import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The kernels that run, and why: chosen from facts about this JVM and a self-test, never by trial
 * of speed.
 *
 * <p>SIMD kernels are used if all of this holds, checked in this order:
 *
 * <ol>
 *   <li>module {@code jdk.incubator.vector} is in the boot layer,
 *   <li>the JVM is HotSpot and its C2 compiler is on,
 *   <li>a provider of {@link CpuKernels} ({@code batchnorm4j-simd}) is on the module path or class
 *       path, and the processor's vector registers are wide enough for it,
 *   <li>each of its kernels returns the same bits as {@link ScalarKernels} in a self-test of a few
 *       milliseconds.
 * </ol>
 *
 * <p>Immutable and safe to share between threads. Nothing is cached: keep the result.
 */
public final class KernelChoice {
  private final CpuKernels kernels;
  private final String description;

  private KernelChoice(CpuKernels kernels, String description) {
    this.kernels = kernels;
    this.description = description;
  }

  /**
   * Chooses kernels; with {@link KernelPreference#AUTO}, a fallback to scalar is logged as a
   * warning to the logger {@code org.batchnorm4j.kernel}.
   *
   * @throws IllegalStateException if the preference is {@link KernelPreference#SIMD} and SIMD
   *     cannot be had; the message says why
   */
  public static KernelChoice choose(KernelPreference preference) {
    return choose(
        preference,
        line -> System.getLogger("org.batchnorm4j.kernel").log(System.Logger.Level.WARNING, line));
  }

  /**
   * Chooses kernels; with {@link KernelPreference#AUTO}, {@code notice} receives one line if SIMD
   * cannot be had, with the reason and the remedy, and is not called otherwise.
   *
   * @throws IllegalStateException if the preference is {@link KernelPreference#SIMD} and SIMD
   *     cannot be had; the message says why
   */
  public static KernelChoice choose(KernelPreference preference, Consumer<String> notice) {
    return choose(preference, notice, JvmFacts::ofThisJvm, KernelChoice::provided);
  }

  static KernelChoice choose(
      KernelPreference preference,
      Consumer<String> notice,
      Supplier<JvmFacts> facts,
      Supplier<Optional<CpuKernels>> provider) {
    if (preference == KernelPreference.SCALAR) {
      return new KernelChoice(new ScalarKernels(), "scalar kernels (asked for)");
    }
    Candidate candidate = candidate(facts, provider);
    return switch (candidate) {
      case Usable(CpuKernels simd) ->
          new KernelChoice(simd, simd.name() + " kernels (" + preference + ")");
      case Refused(String reason) -> {
        if (preference == KernelPreference.SIMD) {
          throw new IllegalStateException("SIMD kernels cannot be used: " + reason);
        }
        notice.accept("Using scalar kernels, which give the same results more slowly: " + reason);
        yield new KernelChoice(new ScalarKernels(), "scalar kernels (no SIMD: " + reason + ")");
      }
    };
  }

  private sealed interface Candidate {}

  private record Usable(CpuKernels kernels) implements Candidate {}

  private record Refused(String reason) implements Candidate {}

  private static Candidate candidate(
      Supplier<JvmFacts> facts, Supplier<Optional<CpuKernels>> provider) {
    Optional<String> obstacle = facts.get().obstacle();
    if (obstacle.isPresent()) {
      return new Refused(obstacle.get());
    }
    try {
      return provider
          .get()
          .map(KernelChoice::tested)
          .orElseGet(
              () ->
                  new Refused(
                      "no SIMD kernels were found; add batchnorm4j-simd to the class path or"
                          + " module path"));
    } catch (ServiceConfigurationError | LinkageError e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      return cause instanceof UnsupportedOperationException
          ? new Refused(cause.getMessage() + "; nothing can be done on this machine")
          : new Refused(
              "batchnorm4j-simd does not load here ("
                  + cause
                  + "); use the version that belongs to this batchnorm4j");
    }
  }

  private static Candidate tested(CpuKernels simd) {
    return KernelSelfTest.firstDifference(simd)
        .<Candidate>map(
            kernel ->
                new Refused(
                    simd.name()
                        + " differs from scalar in "
                        + kernel
                        + "; please report this with the output of java -version"))
        .orElseGet(() -> new Usable(simd));
  }

  /** Call only when the vector module is loaded: without it the provider's class does not link. */
  private static Optional<CpuKernels> provided() {
    return ServiceLoader.load(CpuKernels.class, KernelChoice.class.getClassLoader()).findFirst();
  }

  /** The kernels to use. */
  public CpuKernels kernels() {
    return kernels;
  }

  /**
   * One line for people, such as {@code "simd-512 kernels (auto)"}; if SIMD was wanted and could
   * not be had it names the reason.
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
