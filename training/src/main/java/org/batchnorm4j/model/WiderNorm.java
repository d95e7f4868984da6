package org.batchnorm4j.model;

import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.batchnorm4j.autograd.Whitening;
import org.batchnorm4j.nn.BatchChannelNorm;
import org.batchnorm4j.nn.BatchRenorm;
import org.batchnorm4j.nn.BatchRenormLimits;
import org.batchnorm4j.nn.BatchWhitening;
import org.batchnorm4j.nn.GroupNorm;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.DType;

/**
 * A relative of batch norm, the same layer for pictures and for features. Immutable and safe for
 * use by several threads.
 */
final class WiderNorm implements Norm {
  /** Limits that are full after some 500 batches, since whole runs here are not much longer. */
  private static final BatchRenormLimits LIMITS = new BatchRenormLimits(3, 5, 100, 500, 300);

  private static final int MOST_IN_GROUP = 16;

  /** All of them, in the order of {@link Norm#wider()}. */
  static final List<Norm> ALL =
      List.of(
          new WiderNorm("renorm", false, c -> new BatchRenorm(c, LIMITS, DType.FLOAT32)),
          new WiderNorm("ws+group", true, c -> new GroupNorm(divisor(c), c)),
          new WiderNorm("batch-channel", false, c -> new BatchChannelNorm(divisor(c), c)),
          new WiderNorm("ws+batch-channel", true, c -> new BatchChannelNorm(divisor(c), c)),
          new WiderNorm("whitening", false, c -> whitening(c, new Whitening.Root.Eigenvalues())),
          new WiderNorm(
              "iterative-whitening", false, c -> whitening(c, new Whitening.Root.Newton(5))));

  private final String name;
  private final boolean standardisesWeights;
  private final IntFunction<Module> layer;

  private WiderNorm(String name, boolean standardisesWeights, IntFunction<Module> layer) {
    this.name = name;
    this.standardisesWeights = standardisesWeights;
    this.layer = layer;
  }

  private static Module whitening(int channels, Whitening.Root root) {
    return new BatchWhitening(channels, divisor(channels), root, 1e-3, DType.FLOAT32);
  }

  /** The largest divisor up to 16. */
  private static int divisor(int channels) {
    int divisor = Math.min(MOST_IN_GROUP, channels);
    while (channels % divisor != 0) {
      divisor--;
    }
    return divisor;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Optional<Module> ofPlanes(int channels) {
    return Optional.of(layer.apply(channels));
  }

  @Override
  public Optional<Module> ofFeatures(int features) {
    return Optional.of(layer.apply(features));
  }

  @Override
  public boolean shifts() {
    return true;
  }

  @Override
  public boolean looksAcrossTheBatch() {
    return !name.equals("ws+group");
  }

  @Override
  public boolean standardisesWeights() {
    return standardisesWeights;
  }
}
