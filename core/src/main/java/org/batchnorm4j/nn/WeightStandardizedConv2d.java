package org.batchnorm4j.nn;

import java.util.Optional;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * A {@link Conv2d} whose weight is standardised in every pass: {@code (w - mean) / sqrt(var +
 * 1e-5)} over the values of each output (Qiao et al. 2019). State and first values are those of
 * {@link Conv2d}; what is stored is the weight before it is standardised.
 *
 * <p>Meant for use with a norm behind it, such as {@link GroupNorm}. Inference is safe for use by
 * many threads; training is not.
 */
public final class WeightStandardizedConv2d implements Module {
  private final Conv2d plain;
  private final StandardisedWeight standardised;

  /**
   * A layer with repeatable first values; see {@link Conv2d}.
   *
   * @throws IllegalArgumentException if a size is out of range, or an output has fewer than 2
   *     weights
   */
  public WeightStandardizedConv2d(
      int inChannels, int outChannels, Conv2dOptions options, RandomStream random) {
    plain = new Conv2d("WeightStandardizedConv2d", inChannels, outChannels, options, random);
    standardised = new StandardisedWeight(plain.members(), plain.weight());
  }

  @Override
  public Tensor forward(Tensor input, Pass pass) {
    return plain.forward(input, standardised.in(pass), pass);
  }

  @Override
  public Members members() {
    return plain.members();
  }

  /** As PyTorch prints the plain layer. */
  @Override
  public String toString() {
    return plain.toString();
  }

  /** The weight (out, in / groups, Kh, Kw) before it is standardised. */
  public Parameter weight() {
    return plain.weight();
  }

  /** The constant (out). */
  public Optional<Parameter> bias() {
    return plain.bias();
  }
}
