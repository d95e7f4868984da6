package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Tensor;

/**
 * What a normalisation does with its result before it hands it out, fused with it: nothing, ReLU,
 * or adding another tensor and ReLU, as at the end of a residual block. Nothing but the final
 * result is kept for the backward pass.
 *
 * <p>Immutable and safe for use by many threads.
 */
public sealed interface Epilogue {

  /** The result as it is. */
  static Epilogue none() {
    return new None();
  }

  /** {@code max(y, 0)}. */
  static Epilogue relu() {
    return new Relu();
  }

  /**
   * {@code max(y + residual, 0)}. float32 and float64 round y before they add, so the bits are
   * those of one step after the other; half types round only the result.
   */
  static Epilogue addRelu(Tensor residual) {
    return new AddRelu(residual);
  }

  /** Nothing. */
  record None() implements Epilogue {}

  /** ReLU. */
  record Relu() implements Epilogue {}

  /**
   * Sum and ReLU.
   *
   * @param residual what is added, of the shape and type of the normalised tensor
   */
  record AddRelu(Tensor residual) implements Epilogue {}
}
