package org.batchnorm4j.cli;

import org.batchnorm4j.cli.line.Definition;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.kernel.KernelPreference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;

/** What {@code --threads} and {@code --kernels} mean in every command. */
final class Processing {
  private static final int MOST_THREADS = 1024;

  private Processing() {}

  /** For commands that neither need nor get words of their own for it. */
  static OptionSpec threadsOption() {
    return Definition.whole("--threads", "N", "Threads (default: all processors).");
  }

  /** For commands that neither need nor get words of their own for it. */
  static OptionSpec kernelsOption() {
    return Definition.text("--kernels", "KIND", "auto (default), scalar or simd.");
  }

  /**
   * The number of threads; all processors if none is given.
   *
   * @throws UsageException if it is out of range
   */
  static int threads(@Nullable Integer given) {
    int threads = given == null ? Runtime.getRuntime().availableProcessors() : given;
    if (threads < 1 || threads > MOST_THREADS) {
      throw new UsageException("threads must be from 1 to " + MOST_THREADS + ", got " + threads);
    }
    return threads;
  }

  /**
   * Which kernels; automatic ones if none are given.
   *
   * @throws IllegalArgumentException if the word is unknown
   */
  static KernelPreference kernels(@Nullable String given) {
    return given == null ? KernelPreference.AUTO : KernelPreference.named(given);
  }
}
