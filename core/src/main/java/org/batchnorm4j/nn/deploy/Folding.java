package org.batchnorm4j.nn.deploy;

import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.Conv1d;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv3d;
import org.batchnorm4j.nn.ConvTranspose2d;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Module;

/**
 * Folds batch norms into the layers before them, for inference: with {@code s = gamma /
 * sqrt(running_var + eps)}, {@code weight s} and {@code (bias - running_mean) s + beta} give what
 * both layers gave together. A missing gamma counts as 1, a missing beta or bias as 0.
 *
 * <ul>
 *   <li>Computed in float64 and rounded once to the type of the layer; {@link FoldedLayer#rounding}
 *       says what that rounding can change, {@link FoldedModel#deviationFrom} measures it.
 *   <li>What is returned is new and the original stays as it is. It has no batch statistics: train
 *       the original, and fold again.
 *   <li>What PyTorch asserts, that both modules are in eval mode, has no counterpart: layers have
 *       no mode here.
 *   <li>Folding keeps the meaning, not the bits. How far results can be apart is derived in
 *       docs/numerics.md.
 * </ul>
 *
 * <p>Functions without state: safe for use by many threads as long as nobody trains the model.
 */
public final class Folding {
  private Folding() {}

  /**
   * Folds what can be folded in a model that consists of {@link org.batchnorm4j.nn.Sequential} and
   * {@link org.batchnorm4j.nn.Residual}: each batch norm, alone or in a {@link
   * org.batchnorm4j.nn.BatchNormReLU}, right behind a convolution or a linear layer, across the
   * ends of chains in chains. Names stay, so the state of a folded network has the names of a
   * network built without norms.
   *
   * <p>A linear layer has its channels on the last axis, a batch norm usually on axis 1: that is
   * the same for inputs (N, C), which the new model checks where it matters.
   */
  public static FoldedModel fold(Module model) {
    return FoldingPlan.of(model);
  }

  /**
   * The convolution and the batch norm behind it as one convolution.
   *
   * @throws IllegalArgumentException if the batch norm tracks no statistics, has other channels,
   *     another type or another axis, or the new weights are not finite
   */
  public static Conv2d fold(Conv2d layer, BatchNorm norm) {
    return (Conv2d) folded(layer, norm);
  }

  /**
   * The convolution of lines and the batch norm behind it as one.
   *
   * @throws IllegalArgumentException as for a convolution
   */
  public static Conv1d fold(Conv1d layer, BatchNorm norm) {
    return (Conv1d) folded(layer, norm);
  }

  /**
   * The convolution of volumes and the batch norm behind it as one.
   *
   * @throws IllegalArgumentException as for a convolution
   */
  public static Conv3d fold(Conv3d layer, BatchNorm norm) {
    return (Conv3d) folded(layer, norm);
  }

  /**
   * The transposed convolution and the batch norm behind it as one, with groups too: {@code s}
   * belongs to the output channels, which its weight (in, out / groups, Kh, Kw) counts within each
   * group.
   *
   * @throws IllegalArgumentException as for a convolution
   */
  public static ConvTranspose2d fold(ConvTranspose2d layer, BatchNorm norm) {
    return (ConvTranspose2d) folded(layer, norm);
  }

  /**
   * The linear layer and the batch norm behind it as one linear layer. With channels on axis 1 they
   * are the same for inputs (N, C) only.
   *
   * @throws IllegalArgumentException as for a convolution
   */
  public static Linear fold(Linear layer, BatchNorm norm) {
    return (Linear) folded(layer, norm);
  }

  private static Module folded(Module layer, BatchNorm norm) {
    String name = layer.members().toString();
    FoldablePair pair = new FoldablePair(name, layer, norm);
    try {
      return pair.with(pair.weights());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "fold: " + norm.members() + " cannot go into " + name + ": " + e.getMessage(), e);
    }
  }
}
