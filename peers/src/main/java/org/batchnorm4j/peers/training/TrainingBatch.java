package org.batchnorm4j.peers.training;

import java.util.SplittableRandom;
import org.batchnorm4j.data.ImageShape;

/**
 * One batch of noise with labels, on which a network can be trained until it knows it by heart.
 *
 * @param images (count, channels, height, width) in row-major order
 * @param labels one class per picture
 */
record TrainingBatch(float[] images, long[] labels) {
  static final int COUNT = 64;

  static TrainingBatch of(ImageShape shape) {
    SplittableRandom random = new SplittableRandom(4);
    float[] images = new float[COUNT * shape.channels() * shape.height() * shape.width()];
    for (int i = 0; i < images.length; i++) {
      images[i] = (float) random.nextGaussian();
    }
    long[] labels = random.longs(COUNT, 0, TrainedNetwork.CLASSES).toArray();
    return new TrainingBatch(images, labels);
  }
}
