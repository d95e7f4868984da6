package org.batchnorm4j.tensor;

import java.util.function.Consumer;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientSums;
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
  private final CpuConvolution<float[]> floatConvolution;
  private final CpuConvolution<double[]> doubleConvolution;
  private final Elementwise elementwise;
  private final Reductions reductions;
  private final MatrixProducts products;
  private final Pooling pooling;
  private final Losses losses;
  private final Normalization normalization;

  private CpuBackend(
      CpuKernels kernels,
      MatrixMultiply multiply,
      Workers workers,
      Memory memory,
      CpuConvolution<float[]> floatConvolution,
      CpuConvolution<double[]> doubleConvolution) {
    this.kernels = kernels;
    this.multiply = multiply;
    this.workers = workers;
    this.memory = memory;
    this.floatConvolution = floatConvolution;
    this.doubleConvolution = doubleConvolution;
    elementwise = new Elementwise(workers, memory);
    reductions = new Reductions(workers, memory);
    products = new MatrixProducts(multiply, workers, memory);
    pooling = new Pooling(workers, memory);
    losses = new Losses(memory);
    normalization = new Normalization(kernels, workers, memory);
  }

  /** A backend of the given parts, with results on the heap. */
  public static CpuBackend of(CpuKernels kernels, MatrixMultiply multiply, Workers workers) {
    return new CpuBackend(
        kernels,
        multiply,
        workers,
        Memory.heap(),
        CpuConvolution.float32(multiply, workers),
        CpuConvolution.float64(multiply, workers));
  }

  /**
   * A backend with the best parts this machine grants.
   *
   * @param preference which normalisation kernels to use
   * @param threads number of threads, at least 1
   * @param notice told in one line each of what could not be had, and of the remedy
   * @throws IllegalStateException if {@code preference} demands what cannot be had
   */
  public static CpuBackend of(
      KernelPreference preference, int threads, Consumer<String> notice) {
    return of(
        KernelChoice.choose(preference, notice).kernels(),
        new JavaMatrixMultiply(),
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
    return new CpuBackend(kernels, multiply, workers, other, floatConvolution, doubleConvolution);
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
  public Tensor argmax(Tensor x) {
    return reductions.argmax(x);
  }

  @Override
  public Tensor matmul(Tensor a, Tensor b, boolean transposeA, boolean transposeB) {
    return products.matmul(a, b, transposeA, transposeB);
  }

  @Override
  public Tensor convolution(
      Tensor input, Tensor weight, @Nullable Tensor bias, ConvolutionGeometry geometry) {
    Tensor x = first(input);
    Tensor y =
        memory.allocate(
            x.dtype(),
            Shape.of(
                geometry.batch(),
                geometry.outChannels(),
                geometry.outHeight(),
                geometry.outWidth()),
            Layout.CHANNELS_FIRST);
    if (x.dtype() == DType.FLOAT32) {
      floatConvolution.forward(
          x.unsafeFloatArray(),
          x.offset(),
          weight.unsafeFloatArray(),
          weight.offset(),
          bias == null ? null : bias.unsafeFloatArray(),
          bias == null ? 0 : bias.offset(),
          y.unsafeFloatArray(),
          y.offset(),
          geometry);
    } else {
      doubleConvolution.forward(
          x.unsafeDoubleArray(),
          x.offset(),
          weight.unsafeDoubleArray(),
          weight.offset(),
          bias == null ? null : bias.unsafeDoubleArray(),
          bias == null ? 0 : bias.offset(),
          y.unsafeDoubleArray(),
          y.offset(),
          geometry);
    }
    return y;
  }

  @Override
  public Tensor convolutionInputGradient(
      Tensor gradient, Tensor weight, ConvolutionGeometry geometry) {
    Tensor g = first(gradient);
    Tensor dx =
        memory.allocate(
            g.dtype(),
            Shape.of(
                geometry.batch(), geometry.inChannels(), geometry.inHeight(), geometry.inWidth()),
            Layout.CHANNELS_FIRST);
    if (g.dtype() == DType.FLOAT32) {
      floatConvolution.inputGradient(
          g.unsafeFloatArray(),
          g.offset(),
          weight.unsafeFloatArray(),
          weight.offset(),
          dx.unsafeFloatArray(),
          dx.offset(),
          geometry);
    } else {
      doubleConvolution.inputGradient(
          g.unsafeDoubleArray(),
          g.offset(),
          weight.unsafeDoubleArray(),
          weight.offset(),
          dx.unsafeDoubleArray(),
          dx.offset(),
          geometry);
    }
    return dx;
  }

  @Override
  public Tensor convolutionWeightGradient(
      Tensor input, Tensor gradient, ConvolutionGeometry geometry) {
    Tensor x = first(input);
    Tensor g = first(gradient);
    Tensor dw =
        memory.allocate(
            x.dtype(),
            Shape.of(
                geometry.outChannels(),
                geometry.inChannels() / geometry.groups(),
                geometry.kernelHeight(),
                geometry.kernelWidth()),
            Layout.CHANNELS_FIRST);
    if (x.dtype() == DType.FLOAT32) {
      floatConvolution.weightGradient(
          x.unsafeFloatArray(),
          x.offset(),
          g.unsafeFloatArray(),
          g.offset(),
          dw.unsafeFloatArray(),
          dw.offset(),
          geometry);
    } else {
      doubleConvolution.weightGradient(
          x.unsafeDoubleArray(),
          x.offset(),
          g.unsafeDoubleArray(),
          g.offset(),
          dw.unsafeDoubleArray(),
          dw.offset(),
          geometry);
    }
    return dw;
  }

  private Tensor first(Tensor x) {
    Elementwise.requireComputing("conv2d", x);
    return Conversion.convert(x, x.dtype(), Layout.CHANNELS_FIRST, memory);
  }

  @Override
  public MaxPooled maxPool(Tensor x, PoolGeometry geometry) {
    return pooling.maxPool(x, geometry);
  }

  @Override
  public Tensor maxPoolGradient(Tensor g, MaxPooled pooled) {
    return pooling.maxPoolGradient(g, pooled);
  }

  @Override
  public Tensor maxPoolGather(Tensor x, MaxPooled pooled) {
    return pooling.gather(x, pooled);
  }

  @Override
  public Tensor averagePool(Tensor x, PoolGeometry geometry) {
    return pooling.averagePool(x, geometry);
  }

  @Override
  public Tensor averagePoolGradient(Tensor g, PoolGeometry geometry) {
    return pooling.averagePoolGradient(g, geometry);
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
  public GradientSums channelGradientSums(
      Tensor x, Tensor g, ChannelAffine affine, boolean relu) {
    return normalization.sums(x, g, affine, relu);
  }

  @Override
  public Tensor standardiseGradient(
      Tensor x, Tensor g, ChannelAffine affine, double[] a, double[] b, double[] c, boolean relu) {
    return normalization.gradient(x, g, affine, a, b, c, relu);
  }
}
