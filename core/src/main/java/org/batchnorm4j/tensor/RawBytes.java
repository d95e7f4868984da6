package org.batchnorm4j.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Tensors as the little-endian bytes of files. */
final class RawBytes {
  private RawBytes() {}

  static byte[] of(Tensor tensor) {
    Tensor first = tensor.to(Layout.CHANNELS_FIRST);
    int from = first.offset();
    int size = first.size();
    if ((long) size * first.dtype().bytes() > Shape.MAX_SIZE) {
      throw new ShapeException(
          "the values of shape " + tensor.shape() + " do not fit one byte array; use range(...)");
    }
    ByteBuffer buffer =
        ByteBuffer.allocate(size * first.dtype().bytes()).order(ByteOrder.LITTLE_ENDIAN);
    switch (first.storage()) {
      case Storage.Floats s -> buffer.asFloatBuffer().put(s.array(), from, size);
      case Storage.Doubles s -> buffer.asDoubleBuffer().put(s.array(), from, size);
      case Storage.Longs s -> buffer.asLongBuffer().put(s.array(), from, size);
      case Storage.Ints s -> buffer.asIntBuffer().put(s.array(), from, size);
      case Storage.Shorts s -> buffer.asShortBuffer().put(s.array(), from, size);
      case Storage.Bytes s -> buffer.put(s.array(), from, size);
    }
    return buffer.array();
  }

  static Tensor tensor(byte[] bytes, DType dtype, Shape shape) {
    if (bytes.length != shape.size() * dtype.bytes()) {
      throw new ShapeException(
          bytes.length
              + " bytes do not fill a "
              + dtype
              + " tensor of shape "
              + shape
              + ", which takes "
              + shape.size() * dtype.bytes());
    }
    Tensor result = Memory.heap().allocate(dtype, shape, Layout.CHANNELS_FIRST);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    switch (result.storage()) {
      case Storage.Floats s -> buffer.asFloatBuffer().get(s.array());
      case Storage.Doubles s -> buffer.asDoubleBuffer().get(s.array());
      case Storage.Longs s -> buffer.asLongBuffer().get(s.array());
      case Storage.Ints s -> buffer.asIntBuffer().get(s.array());
      case Storage.Shorts s -> buffer.asShortBuffer().get(s.array());
      case Storage.Bytes s -> buffer.get(s.array());
    }
    return result;
  }
}
