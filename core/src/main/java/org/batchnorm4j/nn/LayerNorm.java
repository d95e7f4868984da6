package org.batchnorm4j.nn;

import java.util.Optional;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Layer normalisation over the last axes, {@code y = (x - mean) / sqrt(var + eps) * weight + bias}
 * with mean and <em>biased</em> variance of each position of the leading axes, the same in training
 * and inference. eps is inside the root. Equal values give exactly their bias.
 *
 * <p>State: {@code weight}, {@code bias} of the normalized shape. Source: Ba, Kiros and Hinton
 * 2016.
 *
 * <p>Safe for use by many threads as long as none trains.
 */
public final class LayerNorm implements Module {
  private final Members members = new Members("LayerNorm");
  private final Shape normalizedShape;
  private final LayerNormOptions options;
  private final @Nullable Parameter weight;
  private final @Nullable Parameter bias;

  /** A layer with PyTorch's defaults for inputs (..., normalized shape). */
  public LayerNorm(long... normalizedShape) {
    this(Shape.of(normalizedShape), LayerNormOptions.defaults());
  }

  /**
   * A layer for inputs (..., normalized shape).
   *
   * @throws ShapeException if the normalized shape has no axis
   */
  public LayerNorm(Shape normalizedShape, LayerNormOptions options) {
    if (normalizedShape.rank() == 0) {
      throw new ShapeException("LayerNorm needs a normalized shape of at least 1 axis, got ()");
    }
    this.normalizedShape = normalizedShape;
    this.options = options;
    boolean affine = options.elementwiseAffine();
    long[] sizes = normalizedShape.toArray();
    DType dtype = options.dtype();
    weight = affine ? members.parameter("weight", Tensor.full(1, dtype, sizes)) : null;
    bias = affine && options.bias() ? members.parameter("bias", Tensor.zeros(dtype, sizes)) : null;
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
    return SampleNorms.layerNorm(
        members.toString(),
        input,
        normalizedShape,
        weight == null ? null : weight.in(pass),
        bias == null ? null : bias.in(pass),
        options.eps(),
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
  public LayerNormOptions options() {
    return options;
  }

  /** Factor of each element. */
  public Optional<Parameter> weight() {
    return Optional.ofNullable(weight);
  }

  /** Constant of each element. */
  public Optional<Parameter> bias() {
    return Optional.ofNullable(bias);
  }

  /** As PyTorch prints it. */
  @Override
  public String toString() {
    return members.describe(PythonText.of(normalizedShape) + ", " + options);
  }
}
