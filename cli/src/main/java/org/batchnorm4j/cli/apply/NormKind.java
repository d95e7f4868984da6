package org.batchnorm4j.cli.apply;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.batchnorm4j.io.FormatException;

/**
 * The normalisations that can be applied, under the names of PyTorch's functions. Immutable and
 * safe for use by many threads.
 */
public enum NormKind {
  /** Over the batch and all positions, per channel. */
  BATCH_NORM,
  /** Over the last axes, per leading index. */
  LAYER_NORM,
  /** Over groups of channels, per sample. */
  GROUP_NORM,
  /** Over the positions, per channel and sample. */
  INSTANCE_NORM,
  /** Like layer norm, by the root mean square. */
  RMS_NORM;

  /** The names of the options that make a difference to this norm, as metadata have them. */
  Set<String> options() {
    Set<String> options = new TreeSet<>(List.of("eps", "layout", "preset"));
    options.addAll(
        switch (this) {
          case BATCH_NORM ->
              List.of("training", "momentum", "init_factor", "min_factor", "running_variance");
          case INSTANCE_NORM -> List.of("training", "momentum");
          case GROUP_NORM -> List.of("groups");
          case LAYER_NORM, RMS_NORM -> List.of("normalized_shape");
        });
    return options;
  }

  /** The systems whose norm of this name is known. */
  private Set<Preset> presets() {
    return switch (this) {
      case BATCH_NORM -> EnumSet.allOf(Preset.class);
      case GROUP_NORM -> EnumSet.of(Preset.PYTORCH, Preset.ONNX);
      case LAYER_NORM, INSTANCE_NORM, RMS_NORM -> EnumSet.of(Preset.PYTORCH);
    };
  }

  /**
   * Refuses the preset of a system whose norm of this name is not known.
   *
   * @throws IllegalArgumentException if there is none
   */
  void require(Preset preset) {
    if (!presets().contains(preset)) {
      throw new IllegalArgumentException(
          this
              + " has no preset "
              + preset
              + "; choose "
              + String.join(" or ", presets().stream().map(Preset::toString).toList()));
    }
  }

  /**
   * The norm of the given name.
   *
   * @throws IllegalArgumentException for any other name
   */
  public static NormKind named(String name) {
    for (NormKind kind : values()) {
      if (kind.toString().equals(name)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "norm "
            + FormatException.quote(name)
            + " is unknown; choose batch_norm, layer_norm, group_norm, instance_norm or rms_norm");
  }

  /** The names of all norms. */
  public static List<String> names() {
    return Arrays.stream(values()).map(NormKind::toString).toList();
  }

  /** The name as users write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
