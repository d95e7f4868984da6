package org.batchnorm4j.tensor;

import java.util.function.Consumer;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientLine;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.statistics.LineOfMoments;
import org.jspecify.annotations.Nullable;

/**
 * The {@link Backend} of the processor: normalisation kernels, a matrix multiplication and threads,
 * put together. Immutable; safe for use by many threads if its memory is the heap.
 */
public final class CpuBackend implements Backend {
  private final CpuKernels kernels;
  private final MatrixMultiply multiply;
  private final Workers workers;
  private final Memory memory;
  private final ImageFilters images;
  private final Elementwise elementwise;
  private final Reductions reductions;
  private final MatrixProducts products;
  private final MaxPooling maxPooling;
  private final AveragePooling averagePooling;
  private final WindowSums windowSums;
  private final Softmax softmax;
  private final RowSelection rowSelection;
  private final Losses losses;
  private final Normalization normalization;

  private CpuBackend(
      CpuKernels kernels,
      MatrixMultiply multiply,
      Workers workers,
      Memory memory,
      ImageFilters images,
      Normalization normalization) {
    this.kernels = kernels;
    this.multiply = multiply;
    this.workers = workers;
    this.memory = memory;
    this.images = images;
    elementwise = new Elementwise(kernels, workers, memory);
    reductions = new Reductions(workers, memory);
    products = new MatrixProducts(multiply, workers, memory);
    maxPooling = new MaxPooling(workers, memory);
    averagePooling = new AveragePooling(workers, memory);
    windowSums = new WindowSums(workers, memory);
    softmax = new Softmax(workers, memory);
    rowSelection = new RowSelection(memory);
    losses = new Losses(memory);
    this.normalization = normalization;
  }

  /** A backend of the given parts, with results on the heap. */
  public static CpuBackend of(CpuKernels kernels, MatrixMultiply multiply, Workers workers) {
    return new CpuBackend(
        kernels,
        multiply,
        workers,
        Memory.heap(),
        ImageFilters.of(kernels, multiply, workers),
        Normalization.of(kernels, workers, Memory.heap()));
  }

  /**
   * A backend with the best parts this machine grants.
   *
   * @param preference which normalisation kernels to use
   * @param threads number of threads, at least 1
   * @param notice told in one line each of what could not be had, and of the remedy
   * @throws IllegalStateException if {@code preference} demands what cannot be had
   */
  public static CpuBackend of(KernelPreference preference, int threads, Consumer<String> notice) {
    return of(preference, MatrixMultiplyPreference.AUTO, threads, notice);
  }

  /**
   * The same with a preference for matrix multiplication too: {@link MatrixMultiplyPreference#JAVA}
   * gives the same bits on any machine.
   *
   * @param preference which normalisation kernels to use
   * @param products which matrix multiplication to use
   * @param threads number of threads, at least 1
   * @param notice told in one line each of what could not be had, and of the remedy
   * @throws IllegalStateException if a preference demands what cannot be had
   */
  public static CpuBackend of(
      KernelPreference preference,
      MatrixMultiplyPreference products,
      int threads,
      Consumer<String> notice) {
    return of(
        KernelChoice.choose(preference, notice).kernels(),
        MatrixMultiplyChoice.choose(products, notice).multiply(),
        threads == 1 ? Workers.direct() : Workers.of(threads));
  }

  /** Every core, automatic kernels; notices go to the system logger. */
  static CpuBackend automatic() {
    System.Logger logger = System.getLogger(CpuBackend.class.getName());
    return of(
        KernelPreference.AUTO,
        Runtime.getRuntime().availableProcessors(),
        line -> logger.log(System.Logger.Level.INFO, line));
  }

  @Override
  public String describe() {
    return "kernels "
        + kernels.name()
        + ", matrix multiplication "
        + multiply.name()
        + ", "
        + workers.threads()
        + (workers.threads() == 1 ? " thread" : " threads");
  }

  @Override
  public Memory memory() {
    return memory;
  }

  @Override
  public Backend withMemory(Memory other) {
    return new CpuBackend(
        kernels,
        multiply,
        workers,
        other,
        images.withMemory(other),
        normalization.withMemory(other));
  }

  @Override
  public Tensor to(Tensor x, DType dtype) {
    return Conversion.convert(x, dtype, x.layout(), memory);
  }

  @Override
  public Tensor unary(UnaryOperation operation, Tensor x) {
    return elementwise.unary(operation, x);
  }

  @Override
  public Tensor binary(BinaryOperation operation, Tensor a, Tensor b) {
    return elementwise.binary(operation, a, b);
  }

  @Override
  public Tensor reluGradient(Tensor y, Tensor g) {
    return elementwise.reluGradient(y, g);
  }

  @Override
  public Tensor expand(Tensor x, Shape shape) {
    return elementwise.expand(x, shape);
  }

  @Override
  public Tensor permute(Tensor x, int... order) {
    return elementwise.permute(x, order);
  }

  @Override
  public Tensor sum(Tensor x, int[] axes, boolean keepDims) {
    return reductions.sum(x, axes, keepDims);
  }

  @Override
  public Tensor mean(Tensor x, int[] axes, boolean keepDims) {
    return reductions.mean(x, axes, keepDims);
  }

  @Override
  public Tensor var(Tensor x, boolean unbiased, int[] axes, boolean keepDims) {
    return reductions.var(x, unbiased, axes, keepDims);
  }

  @Override
  public Tensor argmax(Tensor x, int axis) {
    return reductions.argmax(x, axis);
  }

  @Override
  public Tensor matmul(Tensor a, Tensor b, boolean transposeA, boolean transposeB) {
    return products.matmul(a, b, transposeA, transposeB);
  }

  @Override
  public Tensor convolution(
      Tensor x, Tensor weight, @Nullable Tensor bias, ConvolutionGeometry geometry) {
    return images.forward(x, weight, bias, geometry);
  }

  @Override
  public Tensor convolutionInputGradient(Tensor g, Tensor weight, ConvolutionGeometry geometry) {
    return images.inputGradient(g, weight, geometry);
  }

  @Override
  public Tensor convolutionWeightGradient(Tensor x, Tensor g, ConvolutionGeometry geometry) {
    return images.weightGradient(x, g, geometry);
  }

  @Override
  public MaxPooled maxPool(Tensor x, PoolGeometry geometry) {
    return maxPooling.maxPool(x, geometry);
  }

  @Override
  public Tensor maxPoolGradient(Tensor g, MaxPooled pooled) {
    return maxPooling.maxPoolGradient(g, pooled);
  }

  @Override
  public Tensor maxPoolGather(Tensor x, MaxPooled pooled) {
    return maxPooling.gather(x, pooled);
  }

  @Override
  public Tensor averagePool(Tensor x, PoolGeometry geometry) {
    return averagePooling.forward(x, geometry);
  }

  @Override
  public Tensor averagePoolGradient(Tensor g, PoolGeometry geometry) {
    return averagePooling.gradient(g, geometry);
  }

  @Override
  public Tensor windowSum(Tensor x, int axis, int before, int after) {
    return windowSums.sum(x, axis, before, after);
  }

  @Override
  public Tensor softmax(Tensor x, int axis) {
    return softmax.along(x, axis);
  }

  @Override
  public Tensor gatherRows(Tensor x, int... rows) {
    return rowSelection.gather(x, rows);
  }

  @Override
  public Tensor scatterRows(Tensor g, int count, int... rows) {
    return rowSelection.scatter(g, count, rows);
  }

  @Override
  public Tensor crossEntropy(Tensor logits, Tensor labels) {
    return losses.crossEntropy(logits, labels);
  }

  @Override
  public Tensor crossEntropyGradient(Tensor logits, Tensor labels, Tensor g) {
    return losses.crossEntropyGradient(logits, labels, g);
  }

  @Override
  public BatchMoments channelMoments(Tensor x) {
    return normalization.moments(x);
  }

  @Override
  public Tensor standardise(Tensor x, ChannelAffine affine, boolean relu) {
    return normalization.standardise(x, affine, relu);
  }

  @Override
  public Tensor standardiseAddRelu(Tensor x, ChannelAffine affine, Tensor residual) {
    return normalization.standardiseAddRelu(x, affine, residual);
  }

  @Override
  public GatedGradient gatedGradientSums(Tensor x, Tensor y, Tensor g, ChannelAffine affine) {
    return normalization.gatedSums(x, y, g, affine);
  }

  @Override
  public GradientSums channelGradientSums(Tensor x, Tensor g, ChannelAffine affine, boolean relu) {
    return normalization.sums(x, g, affine, relu);
  }

  @Override
  public Tensor standardiseGradient(
      Tensor x, Tensor g, ChannelAffine affine, GradientLine line, boolean relu) {
    return normalization.gradient(x, g, affine, line, relu);
  }

  @Override
  public StandardisedBatch standardiseBatch(Tensor x, LineOfMoments line, boolean relu) {
    return normalization.standardiseBatch(x, line, relu);
  }

  @Override
  public StandardisedBatch standardiseBatchAddRelu(Tensor x, LineOfMoments line, Tensor residual) {
    return normalization.standardiseBatchAddRelu(x, line, residual);
  }

  @Override
  public BatchGradient batchGradient(
      Tensor x, Tensor g, ChannelAffine affine, GradientLine.OfSums line, boolean relu) {
    return normalization.batchGradient(x, g, affine, line, relu);
  }

  @Override
  public BatchGradient gatedBatchGradient(
      Tensor x, Tensor y, Tensor g, ChannelAffine affine, GradientLine.OfSums line) {
    return normalization.gatedBatchGradient(x, y, g, affine, line);
  }
}
