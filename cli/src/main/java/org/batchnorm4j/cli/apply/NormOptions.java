package org.batchnorm4j.cli.apply;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.statistics.AveragingRule;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * How to normalise, read from texts: those of the command line or of a file's metadata. What is not
 * said is as in PyTorch's function of the same name, or as in the preset. Immutable and safe for
 * use by many threads.
 *
 * @param kind which norm
 * @param preset whose batch norm
 * @param training whether the statistics of the input normalise although running ones are given
 * @param eps added to the variance inside the root; null for the default of the norm
 * @param averaging how running statistics move
 * @param runningVariance which variance the running one follows
 * @param normalizedShape the last axes that make a group, or null for the shape of the weight
 * @param groups groups of channels, or null
 * @param layout which layout to compute in
 */
public record NormOptions(
    NormKind kind,
    Preset preset,
    boolean training,
    @Nullable Double eps,
    AveragingRule averaging,
    VarianceEstimator runningVariance,
    @Nullable Shape normalizedShape,
    @Nullable Integer groups,
    Layout layout) {

  /** The name of the norm among the texts of a file. */
  public static final String OP = "op";

  /**
   * Reads options.
   *
   * @param texts under the names of metadata: {@code op}, {@code training}, {@code momentum},
   *     {@code eps}, {@code normalized_shape}, {@code groups}, {@code preset}, {@code init_factor},
   *     {@code min_factor}, {@code running_variance}, {@code layout}; others are ignored
   * @throws IllegalArgumentException if {@code op} is missing, a value is unknown or out of range
   *     (the message names both), or the norm has no such preset
   */
  public static NormOptions of(Map<String, String> texts) {
    Texts given = new Texts(texts);
    String op = texts.get(OP);
    if (op == null) {
      throw new IllegalArgumentException("there is no \"op\" that names the norm");
    }
    NormKind kind = NormKind.named(op);
    Preset preset = given.read("preset", Preset.PYTORCH, Preset::named);
    kind.require(preset);
    return new NormOptions(
        kind,
        preset,
        // PyTorch: instance_norm(use_input_stats=True), batch_norm(training=False)
        given.read("training", kind != NormKind.BATCH_NORM, NormOptions::truth),
        given.eps(),
        given.averaging(kind, preset),
        given.read("running_variance", preset.options().runningVariance(), NormOptions::estimator),
        given.normalizedShape(),
        given.groups(),
        given.read("layout", preset.layout(), NormOptions::layout));
  }

  /** Puts {@code given} over {@code texts}; a momentum displaces factors, and they a momentum. */
  public static void override(Map<String, String> texts, Map<String, String> given) {
    if (given.containsKey("momentum")) {
      texts.remove("init_factor");
      texts.remove("min_factor");
    }
    if (given.containsKey("init_factor") || given.containsKey("min_factor")) {
      texts.remove("momentum");
    }
    texts.putAll(given);
  }

  /** The names among {@code texts} that make no difference to the norm that {@code op} names. */
  public static Set<String> unused(Map<String, String> texts) {
    Set<String> unused = new LinkedHashSet<>(texts.keySet());
    unused.remove(OP);
    unused.removeAll(NormKind.named(Objects.requireNonNull(texts.get(OP), OP)).options());
    return unused;
  }

  /**
   * Refuses what a user asked for and would not get.
   *
   * @param kind the norm
   * @param given texts of the command line
   * @throws IllegalArgumentException if an option makes no difference to the norm; the message
   *     names it and those that do
   */
  public static void requireUsed(NormKind kind, Map<String, String> given) {
    for (String name : given.keySet()) {
      if (!name.equals(OP) && !kind.options().contains(name)) {
        throw new IllegalArgumentException(
            kind
                + " has no use for "
                + option(name)
                + "; it takes "
                + String.join(", ", kind.options().stream().map(NormOptions::option).toList()));
      }
    }
  }

  private static String option(String name) {
    return "--" + name.replace('_', '-');
  }

  /**
   * Added to the variance of an input of the given type: what was asked for; or 1e-5, Keras 1e-3;
   * for {@code rms_norm} the distance from 1 to the next value of the type that computes.
   */
  public double eps(DType input) {
    if (eps != null) {
      return eps;
    }
    return switch (kind) {
      case BATCH_NORM -> preset.options().eps();
      case LAYER_NORM, GROUP_NORM, INSTANCE_NORM -> 1e-5;
      case RMS_NORM -> input == DType.FLOAT64 ? Math.ulp(1.0) : Math.ulp(1.0f);
    };
  }

  private static Boolean truth(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw Texts.wrong("training", text, "true or false");
    };
  }

  private static VarianceEstimator estimator(String text) {
    return switch (text) {
      case "unbiased" -> VarianceEstimator.UNBIASED;
      case "biased" -> VarianceEstimator.BIASED;
      default -> throw Texts.wrong("running variance", text, "unbiased or biased");
    };
  }

  private static Layout layout(String text) {
    return switch (text) {
      case "channels_first" -> Layout.CHANNELS_FIRST;
      case "channels_last" -> Layout.CHANNELS_LAST;
      default -> throw Texts.wrong("layout", text, "channels_first or channels_last");
    };
  }

  /** Named texts and how to read numbers from them. */
  private record Texts(Map<String, String> texts) {

    static IllegalArgumentException wrong(String what, String text, String expected) {
      return new IllegalArgumentException(
          what + " must be " + expected + ", got " + FormatException.quote(text));
    }

    <T> T read(String name, T missing, Function<String, T> reader) {
      String text = texts.get(name);
      return text == null ? missing : reader.apply(text);
    }

    private double number(String name, double missing) {
      String text = texts.get(name);
      if (text == null) {
        return missing;
      }
      try {
        double value = Double.parseDouble(text);
        if (Double.isFinite(value)) {
          return value;
        }
      } catch (NumberFormatException e) {
        // refused below
      }
      throw wrong(name.replace('_', ' '), text, "a finite number");
    }

    @Nullable Double eps() {
      String text = texts.get("eps");
      if (text == null || text.equalsIgnoreCase("none")) {
        return null;
      }
      double value = number("eps", 0);
      if (value < 0) {
        throw wrong("eps", text, "0 or more");
      }
      return value;
    }

    AveragingRule averaging(NormKind kind, Preset preset) {
      String momentum = texts.get("momentum");
      if (texts.containsKey("init_factor") || texts.containsKey("min_factor")) {
        if (momentum != null) {
          throw new IllegalArgumentException(
              "momentum and init or min factor exclude each other: factors make the weight of a"
                  + " batch depend on its number");
        }
        return AveragingRule.decaying(number("init_factor", 1.0), number("min_factor", 0.1));
      }
      if (momentum == null) {
        return preset.options().averaging();
      }
      if (momentum.equals("cumulative")) {
        // PyTorch's instance norm counts no batches, and takes None for 0
        return kind == NormKind.INSTANCE_NORM
            ? AveragingRule.exponential(0)
            : AveragingRule.cumulative();
      }
      return preset.momentum(number("momentum", 0));
    }

    @Nullable Shape normalizedShape() {
      String text = texts.get("normalized_shape");
      if (text == null) {
        return null;
      }
      try {
        long[] sizes =
            Arrays.stream(text.split(",", -1))
                .map(String::strip)
                .mapToLong(Long::parseLong)
                .toArray();
        if (Arrays.stream(sizes).allMatch(size -> size > 0)) {
          return Shape.of(sizes);
        }
      } catch (NumberFormatException e) {
        // refused below
      }
      throw wrong("normalized shape", text, "sizes with commas between, such as 3,4");
    }

    @Nullable Integer groups() {
      String text = texts.get("groups");
      if (text == null) {
        return null;
      }
      try {
        int groups = Integer.parseInt(text);
        if (groups > 0) {
          return groups;
        }
      } catch (NumberFormatException e) {
        // refused below
      }
      throw wrong("groups", text, "a whole number above 0");
    }
  }
}
