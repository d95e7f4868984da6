package org.batchnorm4j.io.safetensors;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.batchnorm4j.io.Disk;
import org.batchnorm4j.io.DurableFile;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Writes tensors as a safetensors file, whole or not at all ({@link DurableFile}).
 *
 * <p>The bytes depend on names, types, shapes, values and metadata alone: tensors are ordered by
 * width of their elements, widest first, then by name; metadata by name. The header is padded with
 * spaces to a multiple of 8, so every element lies at a multiple of its width. Channels last is
 * stored channels first.
 *
 * <p>Stateless and safe for use by several threads, as long as none changes the tensors meanwhile.
 */
public final class SafetensorsWriter {
  private static final int CHUNK = 1 << 20;

  private SafetensorsWriter() {}

  /** Writes to the system's disk; see {@link #write(Path, Disk, Map, Map)}. */
  public static void write(Path target, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    write(target, Disk.system(), tensors, metadata);
  }

  /**
   * Writes {@code tensors} under their names, and {@code metadata}, unless that is empty, under
   * {@code __metadata__}.
   *
   * @throws IllegalArgumentException if a tensor is called {@code __metadata__}, or a text is no
   *     valid Unicode
   * @throws IOException if a step fails; the target is then unchanged
   */
  public static void write(
      Path target, Disk disk, Map<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    List<Named> ordered = new ArrayList<>();
    tensors.forEach((name, tensor) -> ordered.add(new Named(checked(name), tensor)));
    if (tensors.containsKey(Header.METADATA)) {
      throw new IllegalArgumentException("a tensor cannot be called __metadata__");
    }
    ordered.sort(Comparator.comparingInt(Named::width).reversed().thenComparing(Named::name));
    byte[] header = header(ordered, metadata);
    DurableFile.write(
        target,
        disk,
        out -> {
          ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
          ByteBuffer start = ByteBuffer.allocate(Header.START + header.length);
          start.order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header).flip();
          out.write(start);
          for (Named named : ordered) {
            writeValues(named.tensor().to(Layout.CHANNELS_FIRST), out, chunk);
          }
        });
  }

  private record Named(String name, Tensor tensor) {
    int width() {
      return tensor.dtype().bytes();
    }
  }

  private static byte[] header(List<Named> ordered, Map<String, String> metadata) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    JsonFactory factory = JsonFactory.builder().build();
    try (JsonGenerator json = factory.createGenerator(ObjectWriteContext.empty(), bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectPropertyStart(Header.METADATA);
        new TreeMap<>(metadata)
            .forEach((name, text) -> json.writeStringProperty(checked(name), checked(text)));
        json.writeEndObject();
      }
      long begin = 0;
      for (Named named : ordered) {
        json.writeObjectPropertyStart(named.name());
        json.writeStringProperty("dtype", StoredType.of(named.tensor().dtype()).name());
        json.writeArrayPropertyStart("shape");
        for (long size : named.tensor().shape().toArray()) {
          json.writeNumber(size);
        }
        json.writeEndArray();
        long end = begin + (long) named.tensor().size() * named.width();
        json.writeArrayPropertyStart("data_offsets");
        json.writeNumber(begin);
        json.writeNumber(end);
        json.writeEndArray();
        json.writeEndObject();
        begin = end;
      }
      json.writeEndObject();
    }
    while (bytes.size() % 8 != 0) {
      bytes.write(' ');
    }
    return bytes.toByteArray();
  }

  private static String checked(String text) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new IllegalArgumentException(
          "the text " + FormatException.quote(text) + " is no valid Unicode and cannot be written");
    }
    return text;
  }

  private static void writeValues(Tensor tensor, WritableByteChannel out, ByteBuffer chunk)
      throws IOException {
    DType dtype = tensor.dtype();
    switch (dtype) {
      case FLOAT32, FLOAT64, INT64 -> {
        int perChunk = CHUNK / dtype.bytes();
        int count;
        for (int i = 0; i < tensor.size(); i += count) {
          count = Math.min(perChunk, tensor.size() - i);
          chunk.clear();
          put(tensor, tensor.offset() + i, count, chunk);
          out.write(chunk.limit(count * dtype.bytes()));
        }
      }
      case FLOAT16, BFLOAT16, INT32, UINT8, BOOL -> out.write(ByteBuffer.wrap(tensor.toBytes()));
    }
  }

  private static void put(Tensor tensor, int from, int count, ByteBuffer chunk) {
    if (tensor.dtype() == DType.FLOAT32) {
      chunk.asFloatBuffer().put(tensor.unsafeFloatArray(), from, count);
    } else if (tensor.dtype() == DType.FLOAT64) {
      chunk.asDoubleBuffer().put(tensor.unsafeDoubleArray(), from, count);
    } else {
      chunk.asLongBuffer().put(tensor.unsafeLongArray(), from, count);
    }
  }
}
