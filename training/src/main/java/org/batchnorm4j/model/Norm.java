package org.batchnorm4j.model;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.batchnorm4j.nn.Module;

/**
 * What normalises the channels of a network: its layers are built by name, so that another kind of
 * normalisation joins by implementing this interface.
 *
 * <p>Implementations are immutable and safe for use by several threads.
 */
public interface Norm {

  /** Returns the word that chooses this norm, such as {@code batch}. */
  String name();

  /**
   * Returns a new layer for pictures (N, C, H, W), or nothing where this norm does nothing.
   *
   * @param channels C, at least 1
   */
  Optional<Module> ofPlanes(int channels);

  /**
   * Returns a new layer for features (N, C), or nothing where this norm does nothing.
   *
   * @param features C, at least 1
   */
  Optional<Module> ofFeatures(int features);

  /**
   * Returns whether its layers add a constant per channel, so that the layer before needs no bias.
   */
  boolean shifts();

  /** Returns batch normalisation with PyTorch's defaults: {@code batch}. */
  static Norm batch() {
    return BatchNorms.INSTANCE;
  }

  /** Returns no normalisation at all: {@code none}. */
  static Norm none() {
    return NoNorm.INSTANCE;
  }

  /**
   * Returns the norms that look at one sample alone: {@code layer}, {@code group}, {@code instance}
   * and {@code rms}. Where a norm does not fit a kind of layer by itself:
   *
   * <ul>
   *   <li>{@code layer} takes all channels and positions of a picture together, with weight and
   *       bias per channel: group norm of one group, which fits any size of picture;
   *   <li>{@code group} has 16 groups, or the largest number below that divides the channels;
   *   <li>{@code instance} has weight and bias, and is layer norm for features, which have one
   *       value per channel;
   *   <li>{@code rms} takes a picture as {@code layer} does, without mean and bias.
   * </ul>
   */
  static List<Norm> perSample() {
    return PerSampleNorm.ALL;
  }

  /** Returns all norms. */
  static List<Norm> all() {
    return Stream.of(List.of(batch()), perSample(), List.of(none())).flatMap(List::stream).toList();
  }

  /** Returns the words that {@link #named} knows. */
  static List<String> names() {
    return all().stream().map(Norm::name).toList();
  }

  /**
   * Returns the norm of a name.
   *
   * @throws IllegalArgumentException if there is none; the message lists all
   */
  static Norm named(String name) {
    for (Norm norm : all()) {
      if (norm.name().equals(name)) {
        return norm;
      }
    }
    throw new IllegalArgumentException(
        "there is no norm \"" + name + "\"; choose one of " + String.join(", ", names()));
  }
}
