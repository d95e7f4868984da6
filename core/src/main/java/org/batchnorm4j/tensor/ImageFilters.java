package org.batchnorm4j.tensor;

import org.batchnorm4j.kernel.CpuKernels;
import org.jspecify.annotations.Nullable;

/**
 * Convolution of tensors and its two gradients: checks operands, and picks the loops of their type.
 */
final class ImageFilters {
  private final CpuConvolution<float[]> floats;
  private final CpuConvolution<double[]> doubles;
  private final WinogradConvolution winograd;
  private final Memory memory;

  private ImageFilters(
      CpuConvolution<float[]> floats,
      CpuConvolution<double[]> doubles,
      WinogradConvolution winograd,
      Memory memory) {
    this.floats = floats;
    this.doubles = doubles;
    this.winograd = winograd;
    this.memory = memory;
  }

  static ImageFilters of(CpuKernels kernels, MatrixMultiply multiply, Workers workers) {
    return new ImageFilters(
        CpuConvolution.float32(multiply, workers),
        CpuConvolution.float64(multiply, workers),
        new WinogradConvolution(kernels.winograd(), multiply, workers),
        Memory.heap());
  }

  /** The same loops and scratch memory, with results in other memory. */
  ImageFilters withMemory(Memory other) {
    return new ImageFilters(floats, doubles, winograd, other);
  }

  Tensor forward(
      Tensor input, Tensor filter, @Nullable Tensor offsets, ConvolutionGeometry geometry) {
    DType dtype = input.dtype();
    Tensor x = checked("input", input, dtype, inputShape(geometry));
    Tensor w = checked("weight", filter, dtype, weightShape(geometry));
    Tensor bias =
        offsets == null ? null : checked("bias", offsets, dtype, Shape.of(geometry.outChannels()));
    Tensor y = memory.allocate(dtype, outputShape(geometry), Layout.CHANNELS_FIRST);
    int biasFrom = bias == null ? 0 : bias.offset();
    if (dtype == DType.FLOAT32 && WinogradConvolution.worthwhile(geometry)) {
      winograd.forward(range(x), range(w), bias == null ? null : range(bias), range(y), geometry);
    } else if (dtype == DType.FLOAT32) {
      floats.forward(
          x.unsafeFloatArray(),
          x.offset(),
          w.unsafeFloatArray(),
          w.offset(),
          bias == null ? null : bias.unsafeFloatArray(),
          biasFrom,
          y.unsafeFloatArray(),
          y.offset(),
          geometry);
    } else {
      doubles.forward(
          x.unsafeDoubleArray(),
          x.offset(),
          w.unsafeDoubleArray(),
          w.offset(),
          bias == null ? null : bias.unsafeDoubleArray(),
          biasFrom,
          y.unsafeDoubleArray(),
          y.offset(),
          geometry);
    }
    return y;
  }

  Tensor inputGradient(Tensor gradient, Tensor filter, ConvolutionGeometry geometry) {
    DType dtype = gradient.dtype();
    Tensor g = checked("output gradient", gradient, dtype, outputShape(geometry));
    Tensor w = checked("weight", filter, dtype, weightShape(geometry));
    Tensor dx = memory.allocate(dtype, inputShape(geometry), Layout.CHANNELS_FIRST);
    if (dtype == DType.FLOAT32 && WinogradConvolution.worthwhileBackwards(geometry)) {
      winograd.inputGradient(range(g), range(w), range(dx), geometry);
    } else if (dtype == DType.FLOAT32) {
      floats.inputGradient(
          g.unsafeFloatArray(),
          g.offset(),
          w.unsafeFloatArray(),
          w.offset(),
          dx.unsafeFloatArray(),
          dx.offset(),
          geometry);
    } else {
      doubles.inputGradient(
          g.unsafeDoubleArray(),
          g.offset(),
          w.unsafeDoubleArray(),
          w.offset(),
          dx.unsafeDoubleArray(),
          dx.offset(),
          geometry);
    }
    return dx;
  }

  Tensor weightGradient(Tensor input, Tensor gradient, ConvolutionGeometry geometry) {
    DType dtype = input.dtype();
    Tensor x = checked("input", input, dtype, inputShape(geometry));
    Tensor g = checked("output gradient", gradient, dtype, outputShape(geometry));
    Tensor dw = memory.allocate(dtype, weightShape(geometry), Layout.CHANNELS_FIRST);
    if (dtype == DType.FLOAT32 && WinogradConvolution.worthwhile(geometry)) {
      winograd.weightGradient(range(x), range(g), range(dw), geometry);
    } else if (dtype == DType.FLOAT32) {
      floats.weightGradient(
          x.unsafeFloatArray(),
          x.offset(),
          g.unsafeFloatArray(),
          g.offset(),
          dw.unsafeFloatArray(),
          dw.offset(),
          geometry);
    } else {
      doubles.weightGradient(
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

  private static TensorRange<float[]> range(Tensor tensor) {
    return new TensorRange<>(tensor.unsafeFloatArray(), tensor.offset());
  }

  private Tensor checked(String what, Tensor operand, DType dtype, Shape expected) {
    Elementwise.requireComputing("conv2d", operand);
    if (!operand.shape().equals(expected)) {
      throw new ShapeException(
          "conv2d: "
              + what
              + " has shape "
              + operand.shape()
              + ", but "
              + expected
              + " was expected");
    }
    if (operand.dtype() != dtype) {
      throw new IllegalArgumentException(
          "conv2d: "
              + what
              + " is "
              + operand.dtype()
              + ", but the other operand is "
              + dtype
              + "; convert one of them with to(DType)");
    }
    return Conversion.convert(operand, dtype, Layout.CHANNELS_FIRST, memory);
  }

  private static Shape inputShape(ConvolutionGeometry geometry) {
    return Shape.of(
        geometry.batch(), geometry.inChannels(), geometry.inHeight(), geometry.inWidth());
  }

  private static Shape outputShape(ConvolutionGeometry geometry) {
    return Shape.of(
        geometry.batch(), geometry.outChannels(), geometry.outHeight(), geometry.outWidth());
  }

  private static Shape weightShape(ConvolutionGeometry geometry) {
    return Shape.of(
        geometry.outChannels(),
        geometry.inChannels() / geometry.groups(),
        geometry.kernelHeight(),
        geometry.kernelWidth());
  }
}
