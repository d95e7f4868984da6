package org.batchnorm4j.cli;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;

/**
 * A message in protobuf's wire format: for each field number its values in order. Enough for ONNX
 * test data; source: the encoding guide of Protocol Buffers and onnx.proto.
 *
 * @param fields numbers as Long, fixed 32-bit values as Integer, everything else as byte[]
 */
record Protobuf(Map<Integer, List<Object>> fields) {

  static Protobuf parse(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    Map<Integer, List<Object>> fields = new TreeMap<>();
    while (in.hasRemaining()) {
      int key = (int) varint(in);
      Object value =
          switch (key & 7) {
            case 0 -> varint(in);
            case 1 -> in.getLong();
            case 2 -> {
              byte[] content = new byte[(int) varint(in)];
              in.get(content);
              yield content;
            }
            case 5 -> in.getInt();
            default -> throw new IllegalArgumentException("wire type " + (key & 7));
          };
      fields.computeIfAbsent(key >>> 3, k -> new ArrayList<>()).add(value);
    }
    return new Protobuf(fields);
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = in.get();
      value |= (b & 0x7fL) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }

  List<Protobuf> messages(int field) {
    return all(field).stream().map(value -> parse((byte[]) value)).toList();
  }

  List<String> texts(int field) {
    return all(field).stream()
        .map(value -> new String((byte[]) value, StandardCharsets.UTF_8))
        .toList();
  }

  long number(int field, long missing) {
    return all(field).isEmpty() ? missing : (Long) all(field).getLast();
  }

  float single(int field) {
    return Float.intBitsToFloat((Integer) all(field).getLast());
  }

  List<Object> all(int field) {
    return fields.getOrDefault(field, List.of());
  }

  /** The tensor in a TensorProto of float32. */
  Tensor tensor() {
    if (number(2, 0) != 1) {
      throw new IllegalArgumentException("data type " + number(2, 0) + " is not float32");
    }
    List<Long> dims = new ArrayList<>();
    for (Object value : all(1)) {
      if (value instanceof byte[] packed) {
        ByteBuffer in = ByteBuffer.wrap(packed);
        while (in.hasRemaining()) {
          dims.add(varint(in));
        }
      } else {
        dims.add((Long) value);
      }
    }
    byte[] data = (byte[]) (all(9).isEmpty() ? all(4) : all(9)).getLast();
    return Tensor.fromBytes(
        data, DType.FLOAT32, dims.stream().mapToLong(Long::longValue).toArray());
  }
}
