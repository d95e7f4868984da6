package org.batchnorm4j.cli.apply;

import java.util.Locale;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.statistics.AveragingRule;
import org.batchnorm4j.tensor.Layout;

/**
 * Whose batch norm is computed: the defaults of a system, and what it means by momentum. Here
 * momentum is the weight of the <em>new</em> batch; ONNX and Keras state that of the old value.
 * Immutable and safe for use by many threads.
 */
public enum Preset {
  /** PyTorch: momentum 0.1, the unbiased variance is stored, a batch of one is refused. */
  PYTORCH,
  /** PuzzleLib: the n-th batch weighs {@code max(1 / n, 0.1)}, the unbiased variance is stored. */
  PUZZLELIB,
  /** labml: momentum 0.1, the biased variance is stored. */
  LABML,
  /** ONNX: the old value weighs 0.9, the biased variance is stored. */
  ONNX,
  /** Keras: the old value weighs 0.99, eps 1e-3, the biased variance, channels last. */
  KERAS;

  /**
   * The preset of the given name.
   *
   * @throws IllegalArgumentException for any other name
   */
  public static Preset named(String name) {
    for (Preset preset : values()) {
      if (preset.toString().equals(name)) {
        return preset;
      }
    }
    throw new IllegalArgumentException(
        "preset "
            + FormatException.quote(name)
            + " is unknown; choose pytorch, puzzlelib, labml, onnx or keras");
  }

  /** What the system's layer does unless told otherwise. */
  BatchNormOptions options() {
    return switch (this) {
      case PYTORCH -> BatchNormOptions.pytorch();
      case PUZZLELIB -> BatchNormOptions.puzzleLib();
      case LABML -> BatchNormOptions.labml();
      case ONNX -> BatchNormOptions.onnx();
      case KERAS -> BatchNormOptions.keras();
    };
  }

  Layout layout() {
    return this == KERAS ? Layout.CHANNELS_LAST : Layout.CHANNELS_FIRST;
  }

  /** The rule behind a momentum as this system means it. */
  AveragingRule momentum(double value) {
    return AveragingRule.exponential(statesWeightOfOldValue() ? 1 - value : value);
  }

  /** Whether momentum is the weight of the old value. */
  boolean statesWeightOfOldValue() {
    return this == ONNX || this == KERAS;
  }

  /** The name as users write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
