package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.batchnorm4j.cli.apply.NormKind;
import org.batchnorm4j.cli.apply.NormOptions;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.MatrixMultiplyPreference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code apply}. Used from one thread. */
@Command(
    name = "apply",
    description = {
      "Runs one normalisation on the tensors of a safetensors file, and backward"
          + " where there is a gradient.",
      "",
      "  batchnorm4j apply NORM IN OUT [options]",
      "  batchnorm4j apply --case --verify FILE-OR-DIRECTORY...",
      "",
      "NORM is batch_norm, layer_norm, group_norm, instance_norm or rms_norm. IN"
          + " holds input and, if wanted, weight, bias, running_mean, running_var,"
          + " num_batches_tracked and grad_output. OUT gets output, grad_input,"
          + " grad_weight, grad_bias, and the running statistics; it is replaced"
          + " if it exists. With several INs or a directory OUT is a directory. With"
          + " --case --verify every path is an IN and nothing is written.",
      ""
    },
    synopsisHeading = "Usage: ",
    sortOptions = false)
final class ApplyCommand implements Callable<Integer> {
  private static final long SMALL = 1 << 20;

  private final Surroundings surroundings;

  @Parameters(
      arity = "1..*",
      paramLabel = "ARGUMENT",
      description = "NORM (with --case: if wanted), files or directories, OUT.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private List<String> arguments;

  @Option(
      names = "--training",
      paramLabel = "BOOL",
      description =
          "batch_norm, instance_norm; true: the input's own statistics normalise and running ones move; false: the running"
              + " ones normalise if given (default: false, instance_norm true).")
  private @Nullable String training;

  @Option(
      names = "--momentum",
      paramLabel = "M",
      description =
          "batch_norm, instance_norm: weight of the new batch (with onnx and keras: of the old value), or cumulative"
              + " (default: 0.1).")
  private @Nullable String momentum;

  @Option(names = "--eps", paramLabel = "E", description = "Inside the root (default: 1e-5).")
  private @Nullable String eps;

  @Option(
      names = "--normalized-shape",
      paramLabel = "SIZES",
      description = "layer_norm, rms_norm: the last axes, as 3,4 (default: shape of the weight).")
  private @Nullable String normalizedShape;

  @Option(names = "--groups", paramLabel = "G", description = "group_norm: number of groups.")
  private @Nullable String groups;

  @Option(
      names = "--preset",
      paramLabel = "SYSTEM",
      description =
          "batch_norm of pytorch (default), puzzlelib, labml, onnx or keras: defaults, which"
              + " variance is stored, what momentum means. group_norm of pytorch or onnx, which may"
              + " have a weight per group.")
  private @Nullable String preset;

  @Option(
      names = "--init-factor",
      paramLabel = "F",
      description = "batch_norm: the n-th batch weighs max(init / n, min), as in PuzzleLib.")
  private @Nullable String initFactor;

  @Option(names = "--min-factor", paramLabel = "F", description = "See --init-factor.")
  private @Nullable String minFactor;

  @Option(
      names = "--running-variance",
      paramLabel = "KIND",
      description = "batch_norm: which variance running_var follows: unbiased or biased.")
  private @Nullable String runningVariance;

  @Option(
      names = "--layout",
      paramLabel = "LAYOUT",
      description =
          "Compute in channels_first (default) or channels_last; files are channels first.")
  private @Nullable String layout;

  @Option(
      names = "--case",
      description = "Take norm and options from each file's metadata; options here go before.")
  private boolean fromMetadata;

  @Option(
      names = "--verify",
      description = "Compare with the tensors expected.*; exit code 1 if one is out of bounds.")
  private boolean verify;

  @Option(names = "--threads", paramLabel = "N", description = "Threads (default: all processors).")
  private @Nullable Integer threads;

  @Option(names = "--kernels", paramLabel = "KIND", description = "auto (default), scalar or simd.")
  private @Nullable String kernels;

  @Option(names = "--quiet", description = "Print failures and the total only.")
  private boolean quiet;

  @Option(names = "--verbose", description = "Print the stack behind an error.")
  boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  boolean help;

  ApplyCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() throws Exception {
    Map<String, String> texts = texts();
    KernelPreference preference = check(texts);
    int count = Processing.threads(threads);
    ApplyPlaces places = ApplyPlaces.of(files(), isNamed(), verify);
    Backend backend;
    if (!Stage.onlyChecks()) {
      backend = backend(preference, count);
    } else if (isSmallAndPlain(places)) {
      backend = backend(KernelPreference.SCALAR, 1);
    } else {
      return Stage.WORK;
    }
    return new ApplySession(surroundings, backend, texts, fromMetadata, verify, quiet).run(places);
  }

  /**
   * Whether the JVM that checks may do the work too: scalar kernels and one thread give the same
   * bits, and for little data the start of a second JVM takes longer than the work.
   */
  private boolean isSmallAndPlain(ApplyPlaces places) throws IOException {
    String options = System.getenv("BATCHNORM4J_JAVA_OPTS");
    return kernels == null && (options == null || options.isBlank()) && places.bytes() <= SMALL;
  }

  /** What was said, under the names of metadata. */
  private Map<String, String> texts() {
    Map<String, String> texts = new TreeMap<>();
    put(texts, "training", training);
    put(texts, "momentum", momentum);
    put(texts, "eps", eps);
    put(texts, "normalized_shape", normalizedShape);
    put(texts, "groups", groups);
    put(texts, "preset", preset);
    put(texts, "init_factor", initFactor);
    put(texts, "min_factor", minFactor);
    put(texts, "running_variance", runningVariance);
    put(texts, "layout", layout);
    if (isNamed()) {
      texts.put(NormOptions.OP, norm());
    }
    return texts;
  }

  private static void put(Map<String, String> texts, String name, @Nullable String value) {
    if (value != null) {
      texts.put(name, value);
    }
  }

  private String norm() {
    String norm = arguments.getFirst();
    if (NormKind.names().contains(norm)) {
      return norm;
    }
    Optional<String> nearest = Nearest.of(norm, NormKind.names());
    throw new UsageException(
        "there is no norm \""
            + norm
            + "\""
            + nearest.map(guess -> " (did you mean " + guess + "?)").orElse("")
            + "; choose "
            + String.join(", ", NormKind.names())
            + ", or take it from the file with --case");
  }

  private List<Path> files() {
    List<String> rest = isNamed() ? arguments.subList(1, arguments.size()) : arguments;
    return rest.stream().map(Path::of).toList();
  }

  /** Whether a norm stands before the files; with {@code --case} it need not. */
  private boolean isNamed() {
    String first = arguments.getFirst();
    return !fromMetadata || (NormKind.names().contains(first) && !Files.exists(Path.of(first)));
  }

  private KernelPreference check(Map<String, String> texts) {
    try {
      Map<String, String> complete = new TreeMap<>(texts);
      complete.putIfAbsent(NormOptions.OP, NormKind.BATCH_NORM.toString());
      NormOptions options = NormOptions.of(complete);
      if (isNamed()) {
        NormOptions.requireUsed(options.kind(), texts);
      }
      return Processing.kernels(kernels);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e);
    }
  }

  private Backend backend(KernelPreference preference, int count) {
    // no norm multiplies matrices, so the native library need not be loaded
    return CpuBackend.of(preference, MatrixMultiplyPreference.JAVA, count, this::notice);
  }

  private void notice(String line) {
    surroundings.err().println("batchnorm4j: " + line);
  }
}
