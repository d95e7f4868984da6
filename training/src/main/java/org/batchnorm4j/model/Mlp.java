package org.batchnorm4j.model;

import org.batchnorm4j.data.ImageShape;
import org.batchnorm4j.model.Chain.Bias;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;

/** The layers of {@link Network#MLP}. */
final class Mlp {
  private Mlp() {}

  static Module build(Chain chain, ImageShape shape, int classes) {
    return chain
        .add("flatten", new Flatten())
        .linear("fc1", shape.values(), 256, Bias.UNLESS_NORMALISED)
        .normOfFeatures("bn1", 256)
        .add("relu1", new ReLU())
        .linear("fc2", 256, 128, Bias.UNLESS_NORMALISED)
        .normOfFeatures("bn2", 128)
        .add("relu2", new ReLU())
        .linear("fc3", 128, classes, Bias.ALWAYS)
        .build();
  }
}
