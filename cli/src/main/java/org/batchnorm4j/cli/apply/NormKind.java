package org.batchnorm4j.cli.apply;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
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
