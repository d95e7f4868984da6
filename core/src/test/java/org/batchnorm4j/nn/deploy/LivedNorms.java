package org.batchnorm4j.nn.deploy;

import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNormOptions;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/** Batch norms in which every term of the formula counts. */
final class LivedNorms {
  private LivedNorms() {}

  /** Statistics and parameters as after a training that mattered. */
  static <N extends BatchNorm> N lived(RandomStream random, N norm) {
    int channels = norm.numFeatures();
    norm.runningMean().ifPresent(t -> t.copyFrom(Tensor.randn(random, channels)));
    norm.runningVar().ifPresent(t -> t.copyFrom(Tensor.uniform(random, 0.3, 3, channels)));
    norm.weight().ifPresent(p -> p.value().copyFrom(Tensor.uniform(random, -2, 2, channels)));
    norm.bias().ifPresent(p -> p.value().copyFrom(Tensor.randn(random, channels)));
    return norm;
  }

  static BatchNormOptions options(boolean scale, boolean shift, DType dtype) {
    BatchNormOptions options = BatchNormOptions.defaults().withDtype(dtype).withEps(1e-2);
    return scale || shift ? options.withScale(scale).withBias(shift) : options.withAffine(false);
  }
}
