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

  /** Returns whether training takes statistics across the batch, so that one sample is too few. */
  default boolean looksAcrossTheBatch() {
    return false;
  }

  /**
   * Returns whether the weights of the layer before are standardised, see {@link
   * org.batchnorm4j.autograd.WeightStandardization}.
   */
  default boolean standardisesWeights() {
    return false;
  }

  /** Returns batch normalisation with PyTorch's defaults: {@code batch}. */
  static Norm batch() {
    return BatchNorms.INSTANCE;
  }

  /** Returns no normalisation at all: {@code none}. */
  static Norm none() {
    return NoNorm.INSTANCE;
  }

  /**
   * Returns the norms that look at one sample alone: {@code layer}, {@code group}, {@code
   * instance}, {@code rms} and {@code local-response}. Where a norm does not fit a kind of layer by
   * itself:
   *
   * <ul>
   *   <li>{@code layer} takes all channels and positions of a picture together, with weight and
   *       bias per channel: group norm of one group, which fits any size of picture;
   *   <li>{@code group} has 16 groups, or the largest number below that divides the channels;
   *   <li>{@code instance} has weight and bias, and is layer norm for features, which have one
   *       value per channel;
   *   <li>{@code rms} takes a picture as {@code layer} does, without mean and bias;
   *   <li>{@code local-response} is over five channels, and nothing for features.
   * </ul>
   */
  static List<Norm> perSample() {
    return PerSampleNorm.ALL;
  }

  /**
   * Returns the relatives of batch norm, whose groups have 16 channels or number 16, or the largest
   * number below that divides the channels:
   *
   * <ul>
   *   <li>{@code renorm}: batch renormalisation, batch norm for 100 batches, then limits that grow
   *       until batch 500 (r) and 300 (d) to 3 and 5;
   *   <li>{@code ws+group}: group norm behind layers whose weights are standardised;
   *   <li>{@code batch-channel} and {@code ws+batch-channel}: batch norm with group norm behind it,
   *       without and with standardised weights;
   *   <li>{@code whitening} and {@code iterative-whitening}: decorrelated channels by eigenvalues
   *       and by 5 of Newton's steps, eps 1e-3.
   * </ul>
   */
  static List<Norm> wider() {
    return WiderNorm.ALL;
  }

  /** Returns all norms. */
  static List<Norm> all() {
    return Stream.of(List.of(batch()), perSample(), wider(), List.of(none()))
        .flatMap(List::stream)
        .toList();
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
