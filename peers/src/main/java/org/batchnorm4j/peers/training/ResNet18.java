package org.batchnorm4j.peers.training;

import org.batchnorm4j.nn.AdaptiveAvgPool2d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Residual;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.RandomStream;

/**
 * ResNet-18 for pictures of 32x32: a first convolution of 3x3 without a pooling, four stages of two
 * basic blocks with 64, 128, 256 and 512 channels (He et al. 2016, table 1, and section 4.2 for the
 * small first layer).
 */
final class ResNet18 {
  private ResNet18() {}

  static Module build(int classes, long seed) {
    Sequential layers = new Sequential();
    layers.add(conv(3, 64, 3, 1, RandomStream.named("conv1", seed)));
    layers.add(new BatchNorm2d(64));
    layers.add(new ReLU());
    int channels = 64;
    for (int stage = 0; stage < 4; stage++) {
      int out = 64 << stage;
      for (int block = 0; block < 2; block++) {
        int stride = stage > 0 && block == 0 ? 2 : 1;
        layers.add(block(channels, out, stride, seed + 10L * stage + block + 1));
        channels = out;
      }
    }
    layers.add(new AdaptiveAvgPool2d(1));
    layers.add(new Flatten());
    layers.add(new Linear(512, classes, true, RandomStream.named("fc", seed)));
    return layers;
  }

  private static Module block(int in, int out, int stride, long seed) {
    Sequential body =
        new Sequential(
            conv(in, out, 3, stride, RandomStream.named("first", seed)),
            new BatchNorm2d(out),
            new ReLU(),
            conv(out, out, 3, 1, RandomStream.named("second", seed)),
            new BatchNorm2d(out));
    if (in == out) {
      return new Residual(body);
    }
    RandomStream random = RandomStream.named("shortcut", seed);
    return new Residual(
        body, new Sequential(conv(in, out, 1, stride, random), new BatchNorm2d(out)));
  }

  private static Conv2d conv(int in, int out, int kernel, int stride, RandomStream random) {
    Conv2dOptions options =
        Conv2dOptions.kernel(kernel).withPadding(kernel / 2).withStride(stride).withBias(false);
    return new Conv2d(in, out, options, random);
  }
}
