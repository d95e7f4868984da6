package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.DType;

/**
 * Window and steps of a {@link Conv3d}. Immutable and safe for use by many threads; each {@code
 * with...} gives a changed copy. Defaults: stride 1, no padding, dilation 1, 1 group, with bias,
 * float32. Sizes are checked at once: what is out of range throws {@link IllegalArgumentException}.
 */
public final class Conv3dOptions {
  private final Conv1dOptions depth;
  private final Conv2dOptions plane;

  private Conv3dOptions(Conv1dOptions depth, Conv2dOptions plane) {
    this.depth = depth;
    this.plane = plane;
  }

  private static void atLeast(int least, String name, int depth, int height, int width) {
    if (depth < least || height < least || width < least) {
      throw new IllegalArgumentException(
          "Conv3d "
              + name
              + " must be at least "
              + least
              + " along depth, height and width, got "
              + depth
              + ", "
              + height
              + " and "
              + width);
    }
  }

  /** A cubic window. */
  public static Conv3dOptions kernel(int size) {
    return kernel(size, size, size);
  }

  /** A window of the given depth, height and width. */
  public static Conv3dOptions kernel(int depth, int height, int width) {
    atLeast(1, "kernel", depth, height, width);
    return new Conv3dOptions(Conv1dOptions.kernel(depth), Conv2dOptions.kernel(height, width));
  }

  /** Step of the window, along all axes. */
  public Conv3dOptions withStride(int stride) {
    return withStride(stride, stride, stride);
  }

  /** Step of the window along depth, height and width. */
  public Conv3dOptions withStride(int alongDepth, int height, int width) {
    atLeast(1, "stride", alongDepth, height, width);
    return new Conv3dOptions(depth.withStride(alongDepth), plane.withStride(height, width));
  }

  /** Zeros added on each side, along all axes. */
  public Conv3dOptions withPadding(int padding) {
    return withPadding(padding, padding, padding);
  }

  /** Zeros added before and behind, above and below, and left and right. */
  public Conv3dOptions withPadding(int alongDepth, int height, int width) {
    atLeast(0, "padding", alongDepth, height, width);
    return new Conv3dOptions(depth.withPadding(alongDepth), plane.withPadding(height, width));
  }

  /** Distance between the elements of the window, along all axes. */
  public Conv3dOptions withDilation(int dilation) {
    return withDilation(dilation, dilation, dilation);
  }

  /** Distance between the elements of the window along depth, height and width. */
  public Conv3dOptions withDilation(int alongDepth, int height, int width) {
    atLeast(1, "dilation", alongDepth, height, width);
    return new Conv3dOptions(depth.withDilation(alongDepth), plane.withDilation(height, width));
  }

  /** Number of groups of channels that do not see each other. */
  public Conv3dOptions withGroups(int groups) {
    if (groups < 1) {
      throw new IllegalArgumentException("Conv3d groups must be at least 1, got " + groups);
    }
    return new Conv3dOptions(depth, plane.withGroups(groups));
  }

  /** Whether a constant is added per output channel; a batch norm right behind would cancel it. */
  public Conv3dOptions withBias(boolean value) {
    return new Conv3dOptions(depth, plane.withBias(value));
  }

  /** Type of the parameters and of the input: float32 or float64. */
  public Conv3dOptions withDtype(DType dtype) {
    Members.checkParameterType("Conv3d", dtype);
    return new Conv3dOptions(depth, plane.withDtype(dtype));
  }

  /** Number of groups. */
  public int groups() {
    return plane.groups();
  }

  /** The window along the depth, in {@code kernelWidth} and so on. */
  Conv2dOptions depth() {
    return depth.row();
  }

  /** The window within a plane, and what is no window. */
  Conv2dOptions plane() {
    return plane;
  }

  /** As PyTorch prints it: {@code kernel_size=(3, 3, 3), ...}, then what is no default. */
  @Override
  public String toString() {
    Conv2dOptions line = depth();
    StringBuilder text = new StringBuilder();
    text.append("kernel_size=")
        .append(triple(line.kernelWidth(), plane.kernelHeight(), plane.kernelWidth()));
    text.append(", stride=").append(triple(line.strideW(), plane.strideH(), plane.strideW()));
    if (line.paddingW() != 0 || plane.paddingH() != 0 || plane.paddingW() != 0) {
      text.append(", padding=").append(triple(line.paddingW(), plane.paddingH(), plane.paddingW()));
    }
    if (line.dilationW() != 1 || plane.dilationH() != 1 || plane.dilationW() != 1) {
      text.append(", dilation=")
          .append(triple(line.dilationW(), plane.dilationH(), plane.dilationW()));
    }
    if (plane.groups() != 1) {
      text.append(", groups=").append(plane.groups());
    }
    return text.append(plane.bias() ? "" : ", bias=False").toString();
  }

  private static String triple(int depth, int height, int width) {
    return "(" + depth + ", " + height + ", " + width + ")";
  }
}
