package org.batchnorm4j.nn;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Products;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code y = x weight^T + bias} over the last axis. State: {@code weight} (out, in), {@code bias}
 * (out). First values uniform on ±1/sqrt(in), as PyTorch's.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class Linear implements Module {
  private final Members members = new Members("Linear");
  private final int inFeatures;
  private final Parameter weight;
  private final @Nullable Parameter bias;

  /** A layer with bias and first values that differ from run to run. */
  public Linear(int inFeatures, int outFeatures) {
    this(inFeatures, outFeatures, true, RandomStream.of(ThreadLocalRandom.current().nextLong()));
  }

  /**
   * A layer with repeatable first values.
   *
   * @param inFeatures size of the last axis of the input
   * @param outFeatures size of the last axis of the output
   * @param bias whether to add one; a batch norm right behind would cancel it
   * @param random where first values come from
   */
  public Linear(int inFeatures, int outFeatures, boolean bias, RandomStream random) {
    if (inFeatures < 1 || outFeatures < 1) {
      throw new IllegalArgumentException(
          "Linear needs positive sizes, got " + inFeatures + " to " + outFeatures);
    }
    this.inFeatures = inFeatures;
    weight =
        members.parameter(
            "weight", Initialization.kaimingUniform(random, Math.sqrt(5), outFeatures, inFeatures));
    double bound = 1 / Math.sqrt(inFeatures);
    this.bias =
        bias ? members.parameter("bias", Tensor.uniform(random, -bound, bound, outFeatures)) : null;
  }

  /**
   * {@inheritDoc}
   *
   * @param input (..., in)
   * @return (..., out)
   * @throws ShapeException if the last axis does not have the size of the weight
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    if (input.rank() < 2 || input.axis(-1) != inFeatures) {
      throw new ShapeException(
          members
              + " was built for "
              + inFeatures
              + " features on the last axis, but the input has shape "
              + input.shape()
              + (input.rank() > 2 ? "; is a Flatten missing before it?" : ""));
    }
    return Products.linear(input, weight.in(pass), bias == null ? null : bias.in(pass), pass);
  }

  @Override
  public Members members() {
    return members;
  }

  /** The matrix (out, in). */
  public Parameter weight() {
    return weight;
  }

  /** The constant (out). */
  public Optional<Parameter> bias() {
    return Optional.ofNullable(bias);
  }
}
