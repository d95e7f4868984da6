package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.batchnorm4j.cli.apply.AppliedNorm;
import org.batchnorm4j.cli.apply.Comparison;
import org.batchnorm4j.cli.apply.NormKind;
import org.batchnorm4j.cli.apply.NormOptions;
import org.batchnorm4j.cli.apply.Verification;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.safetensors.SafetensorsFile;
import org.batchnorm4j.io.safetensors.SafetensorsWriter;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Applies a norm to one file after the other and says how each went. Used from one thread. */
final class ApplySession {
  /** What files say about themselves beside the options. */
  private static final Set<String> REMARKS = Set.of("torch", "format");

  private final Surroundings surroundings;
  private final Backend backend;
  private final Map<String, String> given;
  private final boolean fromMetadata;
  private final boolean verify;
  private final boolean quiet;
  private int passed;
  private int failed;
  private double largest;
  private String largestAt = "";

  ApplySession(
      Surroundings surroundings,
      Backend backend,
      Map<String, String> given,
      boolean fromMetadata,
      boolean verify,
      boolean quiet) {
    this.surroundings = surroundings;
    this.backend = backend;
    this.given = Collections.unmodifiableMap(new TreeMap<>(given));
    this.fromMetadata = fromMetadata;
    this.verify = verify;
    this.quiet = quiet;
  }

  /** Returns 0 if all went well, 1 if a file failed; one that fails does not stop the others. */
  int run(ApplyPlaces places) throws IOException {
    List<Path> files = places.files();
    if (places.out() != null && !places.isSingle()) {
      Files.createDirectories(places.out());
    }
    for (Path file : files) {
      Path out = places.outOf(file);
      if (files.size() == 1 && !verify) {
        apply(file, out);
      } else {
        applyCounting(file, out);
      }
    }
    if (verify || files.size() > 1) {
      if (verify && passed > 0 && !quiet) {
        print(String.format(Locale.ROOT, "largest difference / bound: %.3f%s", largest, largestAt));
      }
      print(passed + " passed, " + failed + " failed");
    }
    return failed == 0 ? 0 : 1;
  }

  private void applyCounting(Path file, @Nullable Path out) {
    try {
      apply(file, out);
    } catch (IOException | IllegalArgumentException e) {
      failed++;
      print("FAILED " + Failures.describe(e));
    }
  }

  private void apply(Path file, @Nullable Path out) throws IOException {
    Map<String, Tensor> tensors;
    Map<String, String> metadata;
    ApplyPlaces.check(file);
    try (SafetensorsFile source = SafetensorsFile.open(file)) {
      metadata = source.metadata();
      tensors = source.readAll();
    }
    Map<String, String> texts;
    Map<String, Tensor> results;
    Verification verification = null;
    try {
      texts = texts(file, metadata);
      NormOptions options = NormOptions.of(texts);
      results = AppliedNorm.compute(tensors, options, backend);
      if (verify) {
        verification = Verification.of(tensors, results, options);
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
    if (out != null) {
      SafetensorsWriter.write(out, surroundings.disk(), results, texts);
    }
    report(file, out, results.keySet(), verification);
  }

  /** The options of a file: its own, if wanted, and over them those of the command line. */
  private Map<String, String> texts(Path file, Map<String, String> metadata) {
    Map<String, String> texts = new TreeMap<>(fromMetadata ? metadata : Map.of());
    String op = given.getOrDefault(NormOptions.OP, texts.get(NormOptions.OP));
    if (op != null) {
      if (!op.equals(texts.getOrDefault(NormOptions.OP, op))) {
        throw new IllegalArgumentException(
            "this is a case of " + texts.get(NormOptions.OP) + ", not of " + op);
      }
      texts.put(NormOptions.OP, op);
      NormOptions.requireUsed(NormKind.named(op), given);
      texts.keySet().removeAll(REMARKS);
      for (String name : NormOptions.unused(texts)) {
        texts.remove(name);
        surroundings
            .err()
            .println(
                "batchnorm4j: "
                    + file
                    + ": metadata "
                    + FormatException.quote(name)
                    + " means nothing to "
                    + op
                    + " and is ignored");
      }
    }
    NormOptions.override(texts, given);
    return texts;
  }

  private void report(
      Path file, @Nullable Path out, Set<String> results, @Nullable Verification verification) {
    if (verification == null) {
      passed++;
      if (!quiet) {
        print(file + ": wrote " + out + " (" + String.join(", ", results) + ")");
      }
      return;
    }
    if (!verification.passed()) {
      failed++;
      for (Comparison comparison : verification.comparisons()) {
        if (!comparison.passed()) {
          print("FAILED " + file + ": " + comparison.detail());
        }
      }
      return;
    }
    passed++;
    Comparison worst = verification.worst();
    if (worst.share() > largest) {
      largest = worst.share();
      largestAt = " (" + worst.name() + " of " + file.getFileName() + ")";
    }
    if (!quiet) {
      print(
          String.format(
              Locale.ROOT,
              "passed %s: %.3f of the bound (%s)%s",
              file,
              worst.share(),
              worst.name(),
              out == null ? "" : ", wrote " + out));
    }
  }

  private void print(String line) {
    surroundings.out().println(line);
  }
}
