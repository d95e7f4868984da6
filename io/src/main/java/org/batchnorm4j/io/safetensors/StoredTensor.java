package org.batchnorm4j.io.safetensors;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.ReadLimitException;
import org.batchnorm4j.io.ReadLimits;
import org.batchnorm4j.io.TensorHandle;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/** One tensor of an open safetensors file. Immutable and safe for use by several threads. */
final class StoredTensor implements TensorHandle {
  /** Bytes that are read at once; a multiple of every element's width. */
  private static final int CHUNK = 1 << 20;

  private final Path path;
  private final FileChannel channel;
  private final long dataStart;
  private final Entry entry;
  private final ReadLimits limits;

  StoredTensor(Path path, FileChannel channel, long dataStart, Entry entry, ReadLimits limits) {
    this.path = path;
    this.channel = channel;
    this.dataStart = dataStart;
    this.entry = entry;
    this.limits = limits;
  }

  @Override
  public String name() {
    return entry.name();
  }

  @Override
  public Shape shape() {
    return entry.shape();
  }

  @Override
  public String storedType() {
    return entry.type().name();
  }

  @Override
  public DType dtype() throws FormatException {
    DType dtype = entry.type().dtype();
    if (dtype == null) {
      throw new FormatException(
          path,
          "tensor "
              + FormatException.quote(name())
              + ": dtype "
              + storedType()
              + " cannot be read; expected F64, F32, F16, BF16, I64, I32, U8 or BOOL");
    }
    return dtype;
  }

  @Override
  public Tensor read() throws IOException {
    DType dtype = dtype();
    long bytes = entry.end() - entry.begin();
    if (bytes > limits.tensorBytes()) {
      throw new ReadLimitException(
          path,
          "tensor "
              + FormatException.quote(name())
              + ": "
              + bytes
              + " bytes exceed the read limit tensorBytes = "
              + limits.tensorBytes());
    }
    return switch (dtype) {
      case FLOAT32 -> floats();
      case FLOAT64 -> doubles();
      case INT64 -> longs();
      case FLOAT16, BFLOAT16, INT32, UINT8, BOOL -> others(dtype, bytes);
    };
  }

  private Tensor floats() throws IOException {
    float[] values = new float[(int) shape().size()];
    ByteBuffer chunk = chunk();
    for (int i = 0; i < values.length; ) {
      int count = fill(chunk, 4L * i, 4L * values.length);
      chunk.asFloatBuffer().get(values, i, count / 4);
      i += count / 4;
    }
    return Tensor.unsafeWrap(values, Layout.CHANNELS_FIRST, shape().toArray());
  }

  private Tensor doubles() throws IOException {
    Tensor tensor = Tensor.zeros(DType.FLOAT64, shape().toArray());
    double[] values = tensor.unsafeDoubleArray();
    int size = tensor.size();
    ByteBuffer chunk = chunk();
    for (int i = 0; i < size; ) {
      int count = fill(chunk, 8L * i, 8L * size);
      chunk.asDoubleBuffer().get(values, tensor.offset() + i, count / 8);
      i += count / 8;
    }
    return tensor;
  }

  private Tensor longs() throws IOException {
    Tensor tensor = Tensor.zeros(DType.INT64, shape().toArray());
    long[] values = tensor.unsafeLongArray();
    int size = tensor.size();
    ByteBuffer chunk = chunk();
    for (int i = 0; i < size; ) {
      int count = fill(chunk, 8L * i, 8L * size);
      chunk.asLongBuffer().get(values, tensor.offset() + i, count / 8);
      i += count / 8;
    }
    return tensor;
  }

  private Tensor others(DType dtype, long bytes) throws IOException {
    if (bytes > Shape.MAX_SIZE) {
      throw new ReadLimitException(
          path,
          "tensor "
              + FormatException.quote(name())
              + ": "
              + bytes
              + " bytes of "
              + dtype
              + " do not fit into an array");
    }
    byte[] values = new byte[(int) bytes];
    SafetensorsFile.readFully(path, channel, ByteBuffer.wrap(values), dataStart + entry.begin());
    if (dtype == DType.BOOL) {
      for (int i = 0; i < values.length; i++) {
        if (values[i] != 0 && values[i] != 1) {
          throw new FormatException(
              path,
              "tensor "
                  + FormatException.quote(name())
                  + ": byte "
                  + (values[i] & 0xFF)
                  + " at byte "
                  + (dataStart + entry.begin() + i)
                  + " is neither 0 nor 1, as BOOL demands");
        }
      }
    }
    return Tensor.fromBytes(values, dtype, shape().toArray());
  }

  private ByteBuffer chunk() {
    int bytes = (int) Math.min(CHUNK, Math.max(8, entry.end() - entry.begin()));
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Fills the chunk with the bytes from {@code from} on and returns how many there are. */
  private int fill(ByteBuffer chunk, long from, long end) throws IOException {
    int count = (int) Math.min(chunk.capacity(), end - from);
    chunk.clear().limit(count);
    SafetensorsFile.readFully(path, channel, chunk, dataStart + entry.begin() + from);
    chunk.flip();
    return count;
  }
}
