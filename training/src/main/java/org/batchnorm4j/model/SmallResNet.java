package org.batchnorm4j.model;

import org.batchnorm4j.data.ImageShape;
import org.batchnorm4j.model.Chain.Bias;
import org.batchnorm4j.nn.AdaptiveAvgPool2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Residual;

/**
 * The layers of {@link Network#RESNET}.
 *
 * <p>The long way of a block is the {@code ResNetBlock} that the documentation of {@code
 * torch.nn.functional.batch_norm} shows: convolution, batch norm, ReLU, convolution, batch norm,
 * each norm with statistics, weight and bias of its own. That block ends there; here, as in He et
 * al. 2016 (figure 2, and section 3.3 for a shortcut that changes shape), the input is added and a
 * second ReLU follows. The block as shown is {@code FunctionalBatchNorm.ResNetBlock} among the
 * examples.
 */
final class SmallResNet {
  private SmallResNet() {}

  static Module build(Chain chain, ImageShape shape, int classes) {
    return chain
        .conv("conv1", shape.channels(), 16, window(1), Bias.UNLESS_NORMALISED)
        .normOfPlanes("bn1", 16)
        .add("relu", new ReLU())
        .add("block1", block(chain.part("block1"), 16, 16, 1))
        .add("block2", block(chain.part("block2"), 16, 32, 2))
        .add("block3", block(chain.part("block3"), 32, 64, 2))
        .add("pool", new AdaptiveAvgPool2d(1))
        .add("flatten", new Flatten())
        .linear("fc", 64, classes, Bias.ALWAYS)
        .build();
  }

  /** {@code relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x))}. */
  private static Module block(Chain block, int in, int out, int stride) {
    Module body =
        block
            .part("body")
            .conv("conv1", in, out, window(stride), Bias.UNLESS_NORMALISED)
            .normOfPlanes("bn1", out)
            .add("relu", new ReLU())
            .conv("conv2", out, out, window(1), Bias.UNLESS_NORMALISED)
            .normOfPlanes("bn2", out)
            .build();
    if (in == out && stride == 1) {
      return new Residual(body);
    }
    Conv2dOptions single = Conv2dOptions.kernel(1).withStride(stride);
    Module shortcut =
        block
            .part("shortcut")
            .conv("conv", in, out, single, Bias.UNLESS_NORMALISED)
            .normOfPlanes("bn", out)
            .build();
    return new Residual(body, shortcut);
  }

  private static Conv2dOptions window(int stride) {
    return Conv2dOptions.kernel(3).withPadding(1).withStride(stride);
  }
}
