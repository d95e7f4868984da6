package org.batchnorm4j.model;

import org.batchnorm4j.data.ImageShape;
import org.batchnorm4j.model.Chain.Bias;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.MaxPool2d;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;

/** The layers of {@link Network#LABML_CIFAR10}. Source: labml_nn/experiments/cifar10.py. */
final class LabmlCifar10 {
  private static final int[][] BLOCKS = {
    {64, 64}, {128, 128}, {256, 256, 256}, {512, 512, 512}, {512, 512, 512}
  };

  private LabmlCifar10() {}

  static Module build(Chain chain, ImageShape shape, int classes) {
    Conv2dOptions window = Conv2dOptions.kernel(3).withPadding(1);
    Chain layers = chain.part("layers");
    int channels = shape.channels();
    int number =
        0; // layers count through all blocks, and those of an absent norm keep their numbers
    for (int[] block : BLOCKS) {
      for (int out : block) {
        layers
            .conv(Integer.toString(number), channels, out, window, Bias.ALWAYS)
            .normOfPlanes(Integer.toString(number + 1), out)
            .add(Integer.toString(number + 2), new ReLU());
        channels = out;
        number += 3;
      }
      layers.add(Integer.toString(number++), new MaxPool2d(2));
    }
    int features = channels * (shape.height() >> BLOCKS.length) * (shape.width() >> BLOCKS.length);
    return chain
        .add("layers", layers.build())
        .add("flatten", new Flatten())
        .linear("fc", features, classes, Bias.ALWAYS)
        .build();
  }
}
