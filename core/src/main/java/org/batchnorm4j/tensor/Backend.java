package org.batchnorm4j.tensor;

import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientLine;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.statistics.LineOfMoments;
import org.jspecify.annotations.Nullable;

/**
 * Computes operations on tensors. A backend brings its kernels, its threads, its matrix
 * multiplication and the {@link Memory} that results come from; one for another device can join
 * without a change elsewhere.
 *
 * <p>All operations leave their operands alone and return the same bits for any number of threads.
 * Operands are float32 or float64 unless an operation names more types, two operands of the same
 * type; normalisation by channels ({@link #channelMoments} and what follows it, {@link
 * #reluGradient}) takes float16 and bfloat16 too, computes in float32 and rounds each result once.
 * Anything else is refused with an {@link IllegalArgumentException}, shapes that do not fit with a
 * {@link ShapeException}. Safe for use by many threads if its memory is the heap.
 */
public interface Backend {

  /** The CPU backend with every core, the best kernels that this machine grants, and the heap. */
  static Backend standard() {
    return StandardBackend.INSTANCE;
  }

  /** Kernels, matrix multiplication and threads in one line, for {@code --version}. */
  String describe();

  /** Where results get their memory. */
  Memory memory();

  /** The same backend with results in other memory. */
  Backend withMemory(Memory memory);

  /**
   * The values in another element type, rounded as {@link Tensor#to(DType)} says, in the layout of
   * x; x itself where the type already fits. Takes and gives every type.
   */
  Tensor to(Tensor x, DType dtype);

  /** Applies an operation to every element. */
  Tensor unary(UnaryOperation operation, Tensor x);

  /**
   * Applies an operation to pairs of elements; sizes of 1 and missing leading axes are repeated, as
   * NumPy and PyTorch broadcast.
   */
  Tensor binary(BinaryOperation operation, Tensor a, Tensor b);

  /** {@code g} where {@code y} is positive, 0 elsewhere: the backward of ReLU from its output. */
  Tensor reluGradient(Tensor y, Tensor g);

  /** Repeats axes of size 1 and missing leading axes until the tensor has the given shape. */
  Tensor expand(Tensor x, Shape shape);

  /** The axes in another order: axis {@code i} of the result is axis {@code order[i]} of x. */
  Tensor permute(Tensor x, int... order);

  /**
   * Sum over axes (all if none is given), accumulated in float64. Integers and truth values give
   * exact int64 sums; a total beyond int64 is refused.
   */
  Tensor sum(Tensor x, int[] axes, boolean keepDims);

  /** Mean over axes (all if none is given); NaN over no elements. */
  Tensor mean(Tensor x, int[] axes, boolean keepDims);

  /** Variance over axes (all if none is given) in two passes, divided by M or by M - 1. */
  Tensor var(Tensor x, boolean unbiased, int[] axes, boolean keepDims);

  /**
   * Index of the largest value along an axis, which vanishes: int64, the first among equals; NaN is
   * largest. Takes every type.
   */
  Tensor argmax(Tensor x, int axis);

  /** {@link #argmax(Tensor, int)} along the last axis. */
  default Tensor argmax(Tensor x) {
    return argmax(x, -1);
  }

  /**
   * Matrix product of op(a) and op(b), where op transposes the last two axes if asked to. {@code b}
   * has rank 2, or the rank and the leading axes of {@code a}.
   */
  Tensor matmul(Tensor a, Tensor b, boolean transposeA, boolean transposeB);

  /**
   * 2-D convolution (cross-correlation, as PyTorch's) of (N, C, H, W) with (O, C/groups, Kh, Kw).
   */
  Tensor convolution(Tensor x, Tensor weight, @Nullable Tensor bias, ConvolutionGeometry geometry);

  /** Gradient of {@link #convolution} with respect to x, given that of the output. */
  Tensor convolutionInputGradient(Tensor g, Tensor weight, ConvolutionGeometry geometry);

  /** Gradient of {@link #convolution} with respect to the weight, given that of the output. */
  Tensor convolutionWeightGradient(Tensor x, Tensor g, ConvolutionGeometry geometry);

  /** Largest value of each window, and where it was; padding never wins. */
  MaxPooled maxPool(Tensor x, PoolGeometry geometry);

  /**
   * Adds each value to the place its maximum came from, in a tensor of zeros of the input's shape.
   */
  Tensor maxPoolGradient(Tensor g, MaxPooled pooled);

  /** Takes values of the input's shape from the places where the maxima were. */
  Tensor maxPoolGather(Tensor x, MaxPooled pooled);

  /** Mean of each window; padding counts as zeros if the geometry says so. */
  Tensor averagePool(Tensor x, PoolGeometry geometry);

  /** Gradient of {@link #averagePool} with respect to its input. */
  Tensor averagePoolGradient(Tensor g, PoolGeometry geometry);

  /**
   * Sum over the window from {@code before} places back to {@code after} places ahead along an
   * axis, added in float64; what lies beyond the ends counts as 0.
   */
  Tensor windowSum(Tensor x, int axis, int before, int after);

  /** {@code e^x / sum(e^x)} along an axis, computed in float64 with the largest x taken away. */
  Tensor softmax(Tensor x, int axis);

  /**
   * Row {@code rows[i]} of x, a range of length 1 along axis 0, as row i of the result; zeros where
   * {@code rows[i]} is -1.
   *
   * @throws IndexOutOfBoundsException if there is no such row
   */
  Tensor gatherRows(Tensor x, int... rows);

  /**
   * Adds row i of g to row {@code rows[i]} of a tensor of zeros with {@code count} rows, in the
   * order of i; -1 leaves the row out. The transpose of {@link #gatherRows}.
   *
   * @throws IndexOutOfBoundsException if there is no such row
   */
  Tensor scatterRows(Tensor g, int count, int... rows);

  /**
   * Mean over the batch of {@code -log softmax(logits)[label]}, as a scalar.
   *
   * @param logits (N, K)
   * @param labels (N), int64, int32 or uint8, 0 to K - 1
   */
  Tensor crossEntropy(Tensor logits, Tensor labels);

  /** Gradient of {@link #crossEntropy}: {@code (softmax(logits) - onehot(labels)) * g / N}. */
  Tensor crossEntropyGradient(Tensor logits, Tensor labels, Tensor g);

  /** Count, mean and M2 of each channel (axis 1) over all other axes. */
  BatchMoments channelMoments(Tensor x);

  /** {@code (x - mean) * scale + shift} per channel, then {@code max(y, 0)} if {@code relu}. */
  Tensor standardise(Tensor x, ChannelAffine affine, boolean relu);

  /**
   * {@code max((x - mean) * scale + shift + residual, 0)} per channel, in one pass. float32 and
   * float64 round the line before they add; half types round the result alone.
   *
   * @param residual of the shape and type of x
   */
  Tensor standardiseAddRelu(Tensor x, ChannelAffine affine, Tensor residual);

  /**
   * The gradient in front of a ReLU, {@code g} where {@code y > 0} and else 0, and its sums as
   * {@link #channelGradientSums} gives them, in one pass.
   *
   * @param y the output of the ReLU, of the shape and type of x
   */
  GatedGradient gatedGradientSums(Tensor x, Tensor y, Tensor g, ChannelAffine affine);

  /**
   * Sums of g and of g * (x - mean) per channel; with {@code relu} only where {@link #standardise}
   * gave a positive value before the ReLU.
   */
  GradientSums channelGradientSums(Tensor x, Tensor g, ChannelAffine affine, boolean relu);

  /**
   * {@code g * a + (x - mean) * b + c} per channel; with {@code relu} g counts as 0 where {@link
   * #standardise} gave no positive value before the ReLU.
   */
  Tensor standardiseGradient(
      Tensor x, Tensor g, ChannelAffine affine, GradientLine line, boolean relu);

  /**
   * {@link #channelMoments} and {@link #standardise} by the line that follows from them, bit for
   * bit; channels are taken in groups that stay in cache in between where that is faster.
   *
   * @param line asked by the threads of the backend, for channels in any order
   */
  StandardisedBatch standardiseBatch(Tensor x, LineOfMoments line, boolean relu);

  /**
   * The same with {@link #standardiseAddRelu}.
   *
   * @param residual of the shape and type of x
   */
  StandardisedBatch standardiseBatchAddRelu(Tensor x, LineOfMoments line, Tensor residual);

  /**
   * {@link #channelGradientSums} and {@link #standardiseGradient} by the line that follows from
   * them, in the manner of {@link #standardiseBatch}.
   */
  BatchGradient batchGradient(
      Tensor x, Tensor g, ChannelAffine affine, GradientLine.OfSums line, boolean relu);

  /**
   * The same behind {@link #gatedGradientSums}.
   *
   * @param y the output of the ReLU, of the shape and type of x
   */
  BatchGradient gatedBatchGradient(
      Tensor x, Tensor y, Tensor g, ChannelAffine affine, GradientLine.OfSums line);
}
