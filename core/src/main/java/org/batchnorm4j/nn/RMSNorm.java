package org.batchnorm4j.nn;

import java.util.Optional;
import java.util.OptionalDouble;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Root-mean-square normalisation over the last axes, {@code y = x / sqrt(mean(x^2) + eps) *
 * weight}, the same in training and inference. No mean is taken away and there is no bias. eps is
 * inside the root.
 *
 * <p>State: {@code weight} of the normalized shape. Source: Zhang and Sennrich 2019.
 *
 * <p>Safe for use by many threads as long as none trains.
 */
public final class RMSNorm implements Module {
  private final Members members = new Members("RMSNorm");
  private final Shape normalizedShape;
  private final RMSNormOptions options;
  private final @Nullable Parameter weight;

  /** A layer with PyTorch's defaults for inputs (..., normalized shape). */
  public RMSNorm(long... normalizedShape) {
    this(Shape.of(normalizedShape), RMSNormOptions.defaults());
  }

  /**
   * A layer for inputs (..., normalized shape).
   *
   * @throws ShapeException if the normalized shape has no axis
   */
  public RMSNorm(Shape normalizedShape, RMSNormOptions options) {
    if (normalizedShape.rank() == 0) {
      throw new ShapeException("RMSNorm needs a normalized shape of at least 1 axis, got ()");
    }
    this.normalizedShape = normalizedShape;
    this.options = options;
    weight =
        options.elementwiseAffine()
            ? members.parameter(
                "weight", Tensor.full(1, options.dtype(), normalizedShape.toArray()))
            : null;
  }

  /**
   * Normalises each position of the leading axes.
   *
   * @param input (..., normalized shape), any floating type and layout
   * @return same shape, type and layout
   * @throws ShapeException if the input's shape does not end in the normalized shape
   */
  @Override
  public Tensor forward(Tensor input, Pass pass) {
    OptionalDouble eps = options.eps();
    return SampleNorms.rmsNorm(
        members.toString(),
        input,
        normalizedShape,
        weight == null ? null : weight.in(pass),
        eps.isPresent() ? Double.valueOf(eps.getAsDouble()) : null,
        pass);
  }

  @Override
  public Members members() {
    return members;
  }

  /** The axes that are normalised together. */
  public Shape normalizedShape() {
    return normalizedShape;
  }

  /** How this layer behaves. */
  public RMSNormOptions options() {
    return options;
  }

  /** Factor of each element. */
  public Optional<Parameter> weight() {
    return Optional.ofNullable(weight);
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(PythonText.of(normalizedShape) + ", " + options);
  }
}
