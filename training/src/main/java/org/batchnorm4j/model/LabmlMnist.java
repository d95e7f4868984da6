package org.batchnorm4j.model;

import org.batchnorm4j.data.ImageShape;
import org.batchnorm4j.model.Chain.Bias;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.MaxPool2d;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;

/**
 * The layers of {@link Network#LABML_MNIST}. Source: labml_nn/normalization/batch_norm/mnist.py.
 */
final class LabmlMnist {
  private LabmlMnist() {}

  static Module build(Chain chain, ImageShape shape, int classes) {
    Conv2dOptions window = Conv2dOptions.kernel(5);
    int features = 50 * side(shape.height()) * side(shape.width());
    return chain
        .conv("conv1", shape.channels(), 20, window, Bias.UNLESS_NORMALISED)
        .normOfPlanes("bn1", 20)
        .add("relu1", new ReLU())
        .add("pool1", new MaxPool2d(2))
        .conv("conv2", 20, 50, window, Bias.UNLESS_NORMALISED)
        .normOfPlanes("bn2", 50)
        .add("relu2", new ReLU())
        .add("pool2", new MaxPool2d(2))
        .add("flatten", new Flatten())
        .linear("fc1", features, 500, Bias.UNLESS_NORMALISED)
        .normOfFeatures("bn3", 500)
        .add("relu3", new ReLU())
        .linear("fc2", 500, classes, Bias.ALWAYS)
        .build();
  }

  /** Returns what two windows of 5, each with a pooling, leave of a side: 4 of 28. */
  private static int side(int length) {
    return ((length - 4) / 2 - 4) / 2;
  }
}
