package org.batchnorm4j.model;

import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.nn.WeightStandardizedConv2d;
import org.batchnorm4j.nn.WeightStandardizedLinear;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;

/**
 * A {@link Sequential} under construction whose layers get their first values from the seed and
 * their own path, so that they do not depend on the order of construction. Not safe for use by
 * several threads.
 */
final class Chain {
  private final Sequential layers = new Sequential();
  private final Norm norm;
  private final long seed;
  private final String prefix;

  Chain(Norm norm, long seed) {
    this(norm, seed, "");
  }

  private Chain(Norm norm, long seed, String prefix) {
    this.norm = norm;
    this.seed = seed;
    this.prefix = prefix;
  }

  /** Returns an empty chain for the part called {@code name} of this one. */
  Chain part(String name) {
    return new Chain(norm, seed, prefix + name + ".");
  }

  /**
   * Appends a convolution; {@code bias} is left out where the norm behind it adds a constant
   * anyway.
   */
  Chain conv(String name, int in, int out, Conv2dOptions options, Bias bias) {
    Conv2dOptions chosen = options.withBias(bias == Bias.ALWAYS || !norm.shifts());
    return add(
        name,
        standardised(bias, in * options.kernelHeight() * options.kernelWidth())
            ? new WeightStandardizedConv2d(in, out, chosen, random(name))
            : new Conv2d(in, out, chosen, random(name)));
  }

  /**
   * Appends a linear layer; its bias is left out where the norm behind it adds a constant anyway.
   */
  Chain linear(String name, int in, int out, Bias bias) {
    boolean chosen = bias == Bias.ALWAYS || !norm.shifts();
    return add(
        name,
        standardised(bias, in)
            ? new WeightStandardizedLinear(in, out, chosen, DType.FLOAT32, random(name))
            : new Linear(in, out, chosen, random(name)));
  }

  /** One weight alone has no variance and stays as it is. */
  private boolean standardised(Bias bias, int weightsPerOutput) {
    return bias == Bias.UNLESS_NORMALISED && norm.standardisesWeights() && weightsPerOutput > 1;
  }

  /** Appends the norm of pictures, if there is one. */
  Chain normOfPlanes(String name, int channels) {
    norm.ofPlanes(channels).ifPresent(layer -> add(name, layer));
    return this;
  }

  /** Appends the norm of features, if there is one. */
  Chain normOfFeatures(String name, int features) {
    norm.ofFeatures(features).ifPresent(layer -> add(name, layer));
    return this;
  }

  /** Appends any layer. */
  Chain add(String name, Module layer) {
    layers.add(name, layer);
    return this;
  }

  /** Returns the layers so far. */
  Sequential build() {
    return layers;
  }

  private RandomStream random(String name) {
    return RandomStream.named(prefix + name, seed);
  }

  /** When a layer has a bias. */
  enum Bias {
    /** In any case. */
    ALWAYS,
    /** Only if no norm follows that adds a constant per channel. */
    UNLESS_NORMALISED
  }
}
