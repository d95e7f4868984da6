package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.batchnorm4j.cli.apply.NormKind;
import org.batchnorm4j.cli.apply.NormOptions;
import org.batchnorm4j.cli.line.Definition;
import org.batchnorm4j.cli.line.Given;
import org.batchnorm4j.cli.line.Suggestion;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.MatrixMultiplyPreference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** The command {@code apply}. Used from one thread. */
final class ApplyCommand implements Callable<Integer> {
  /** What can be written behind it. */
  static CommandSpec spec() {
    return Definition.command(
            "batchnorm4j apply",
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
            "")
        .addPositional(
            Definition.parameters(
                "ARGUMENT", "NORM (with --case: if wanted), files or directories, OUT."))
        .addOption(
            Definition.text(
                "--training",
                "BOOL",
                "batch_norm, instance_norm; true: the input's own statistics normalise and running ones move; false: the running"
                    + " ones normalise if given (default: false, instance_norm true)."))
        .addOption(
            Definition.text(
                "--momentum",
                "M",
                "batch_norm, instance_norm: weight of the new batch (with onnx and keras: of the old value), or cumulative"
                    + " (default: 0.1)."))
        .addOption(Definition.text("--eps", "E", "Inside the root (default: 1e-5)."))
        .addOption(
            Definition.text(
                "--normalized-shape",
                "SIZES",
                "layer_norm, rms_norm: the last axes, as 3,4 (default: shape of the weight)."))
        .addOption(Definition.text("--groups", "G", "group_norm: number of groups."))
        .addOption(
            Definition.text(
                "--preset",
                "SYSTEM",
                "batch_norm of pytorch (default), puzzlelib, labml, onnx or keras: defaults, which"
                    + " variance is stored, what momentum means. group_norm of pytorch or onnx, which may"
                    + " have a weight per group."))
        .addOption(
            Definition.text(
                "--init-factor",
                "F",
                "batch_norm: the n-th batch weighs max(init / n, min), as in PuzzleLib."))
        .addOption(Definition.text("--min-factor", "F", "See --init-factor."))
        .addOption(
            Definition.text(
                "--running-variance",
                "KIND",
                "batch_norm: which variance running_var follows: unbiased or biased."))
        .addOption(
            Definition.text(
                "--layout",
                "LAYOUT",
                "Compute in channels_first (default) or channels_last; files are channels first."))
        .addOption(
            Definition.flag(
                "--case",
                "Take norm and options from each file's metadata; options here go before."))
        .addOption(
            Definition.flag(
                "--verify",
                "Compare with the tensors expected.*; exit code 1 if one is out of bounds."))
        .addOption(Processing.threadsOption())
        .addOption(Processing.kernelsOption())
        .addOption(Definition.flag("--quiet", "Print failures and the total only."))
        .addOption(Definition.verbose())
        .addOption(Definition.help());
  }

  /** Options that a file may hold too, under their names there. */
  private static final List<String> OF_FILES =
      List.of(
          "training",
          "momentum",
          "eps",
          "normalized_shape",
          "groups",
          "preset",
          "init_factor",
          "min_factor",
          "running_variance",
          "layout");

  private static final long SMALL = 1 << 20;

  private final Surroundings surroundings;
  private final List<String> arguments;
  private final Map<String, String> options = new TreeMap<>();
  private final boolean fromMetadata;
  private final boolean verify;
  private final boolean quiet;
  private final @Nullable Integer threads;
  private final @Nullable String kernels;

  ApplyCommand(Surroundings surroundings, Given given) {
    this.surroundings = surroundings;
    arguments = given.parameters();
    for (String name : OF_FILES) {
      String value = given.text("--" + name.replace('_', '-'));
      if (value != null) {
        options.put(name, value);
      }
    }
    fromMetadata = given.has("--case");
    verify = given.has("--verify");
    quiet = given.has("--quiet");
    threads = given.integer("--threads");
    kernels = given.text("--kernels");
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
    Map<String, String> texts = new TreeMap<>(options);
    if (isNamed()) {
      texts.put(NormOptions.OP, norm());
    }
    return texts;
  }

  private String norm() {
    String norm = arguments.getFirst();
    if (NormKind.names().contains(norm)) {
      return norm;
    }
    throw new UsageException(
        "there is no norm \""
            + norm
            + "\""
            + Suggestion.of(norm, NormKind.names())
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
