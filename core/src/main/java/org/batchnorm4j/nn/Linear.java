package org.batchnorm4j.nn;

import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Products;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code y = x weight^T + bias} over the last axis. State: {@code weight} (out, in), {@code bias}
 * (out), float32 unless the constructor is told another type. First values uniform on ±1/sqrt(in),
 * as PyTorch's.
 *
 * <p>Inference is safe for use by many threads; training is not.
 */
public final class Linear implements Module {
  private final Members members;
  private final int inFeatures;
  private final int outFeatures;
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
    this(inFeatures, outFeatures, bias, DType.FLOAT32, random);
  }

  /**
   * A layer that computes in the given type; float32 and float64 layers start from the same draws.
   *
   * @param inFeatures size of the last axis of the input
   * @param outFeatures size of the last axis of the output
   * @param bias whether to add one; a batch norm right behind would cancel it
   * @param dtype type of the parameters and of the input
   * @param random where first values come from
   * @throws IllegalArgumentException if a size is not positive or the type is neither float32 nor
   *     float64
   */
  public Linear(int inFeatures, int outFeatures, boolean bias, DType dtype, RandomStream random) {
    this("Linear", inFeatures, outFeatures, bias, dtype, random);
  }

  /** A layer that errors and texts call by another name. */
  Linear(
      String kind,
      int inFeatures,
      int outFeatures,
      boolean bias,
      DType dtype,
      RandomStream random) {
    members = new Members(kind);
    if (inFeatures < 1 || outFeatures < 1) {
      throw new IllegalArgumentException(
          kind
              + " needs at least 1 feature on either side, got "
              + inFeatures
              + " to "
              + outFeatures);
    }
    Members.checkParameterType(kind, dtype);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    weight =
        members.parameter(
            "weight",
            Initialization.kaimingUniform(dtype, random, Math.sqrt(5), outFeatures, inFeatures));
    double bound = 1 / Math.sqrt(inFeatures);
    this.bias =
        bias
            ? members.parameter("bias", Tensor.uniform(dtype, random, -bound, bound, outFeatures))
            : null;
  }

  /**
   * {@inheritDoc}
   *
   * @param input (..., in)
   * @return (..., out)
   * @throws ShapeException if there is no batch axis, or the last axis does not have the size of
   *     the weight
   * @throws IllegalArgumentException if the input is not of the type of the weight
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return forward(input, weight.in(pass), pass);
  }

  /** The same with another matrix of the same shape. */
  Tensor forward(Tensor input, Tensor matrix, Pass pass) {
    if (input.rank() < 2 || input.axis(-1) != inFeatures) {
      throw new ShapeException(
          members
              + " was built for "
              + inFeatures
              + (inFeatures == 1 ? " feature" : " features")
              + " on the last axis, but the input has shape "
              + input.shape()
              + remedy(input));
    }
    members.checkInputType(input, weight);
    return Products.linear(input, matrix, bias == null ? null : bias.in(pass), pass);
  }

  private String remedy(Tensor input) {
    if (input.rank() < 2) {
      return ", without a batch axis: give it (1, " + inFeatures + ") with reshape(1, -1)";
    }
    if (input.size() == (long) input.axis(0) * inFeatures) {
      return "; put a Flatten before it";
    }
    int found = input.axis(-1);
    return "; build it as Linear(" + found + ", " + outFeatures + ") for inputs of this shape";
  }

  @Override
  public Members members() {
    return members;
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(
        "in_features="
            + inFeatures
            + ", out_features="
            + outFeatures
            + ", bias="
            + (bias == null ? "False" : "True"));
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
