package org.batchnorm4j.data;

import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;

/** Memory for one batch, used again and again. Not safe for use by several threads at once. */
final class BatchBuffer {
  private final Tensor images;
  private final Tensor labels;

  BatchBuffer(int batchSize, ImageShape shape) {
    this.images = Tensor.zeros(batchSize, shape.channels(), shape.height(), shape.width());
    this.labels = Tensor.zeros(DType.INT64, batchSize);
  }

  float[] imageValues() {
    return images.unsafeFloatArray();
  }

  long[] labelValues() {
    return labels.unsafeLongArray();
  }

  /** Returns the first {@code size} pictures as batch {@code index}. */
  Batch batch(int index, int size) {
    return size == labels.size()
        ? new Batch(index, images, labels)
        : new Batch(index, images.range(0, size), labels.range(0, size));
  }
}
