package org.batchnorm4j.peers;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.batchnorm4j.benchmarks.comparison.Problem;

/**
 * An ONNX model of one {@code BatchNormalization}, and {@code Relu} behind it where the problem
 * rectifies: input {@code x}, output {@code y}. The few fields of onnx.proto3 that this takes are
 * written by hand, each as its number and wire type, then its value.
 */
final class OnnxModel {
  private static final int FLOAT = 1;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private OnnxModel() {}

  /** The model's bytes. */
  static byte[] of(Problem problem) {
    boolean relu = problem.operation().rectifies();
    OnnxModel graph = new OnnxModel();
    OnnxModel norm = new OnnxModel();
    for (String input : new String[] {"x", "scale", "b", "mean", "var"}) {
      norm.text(1, input);
    }
    norm.text(2, relu ? "z" : "y").text(4, "BatchNormalization");
    norm.message(5, new OnnxModel().text(1, "epsilon").real(2, (float) Problem.EPS).number(20, 1));
    graph.message(1, norm);
    if (relu) {
      graph.message(1, new OnnxModel().text(1, "z").text(2, "y").text(4, "Relu"));
    }
    graph.text(2, "batch_norm");
    graph.message(5, vector("scale", problem.gamma()));
    graph.message(5, vector("b", problem.beta()));
    graph.message(5, vector("mean", problem.mean()));
    graph.message(5, vector("var", problem.variance()));
    graph.message(11, value("x", problem.shape().axes()));
    graph.message(12, value("y", problem.shape().axes()));
    OnnxModel opset = new OnnxModel().text(1, "").number(2, 15);
    return new OnnxModel().number(1, 8).message(7, graph).message(8, opset).out.toByteArray();
  }

  /** TensorProto. */
  private static OnnxModel vector(String name, float[] values) {
    ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(values);
    return new OnnxModel()
        .number(1, values.length)
        .number(2, FLOAT)
        .text(8, name)
        .bytes(9, raw.array());
  }

  /** ValueInfoProto. */
  private static OnnxModel value(String name, long[] axes) {
    OnnxModel shape = new OnnxModel();
    for (long axis : axes) {
      shape.message(1, new OnnxModel().number(1, axis));
    }
    OnnxModel tensor = new OnnxModel().number(1, FLOAT).message(2, shape);
    return new OnnxModel().text(1, name).message(2, new OnnxModel().message(1, tensor));
  }

  private void varint(long value) {
    long rest = value;
    while (rest > 127) {
      out.write((int) ((rest & 127) | 128));
      rest >>>= 7;
    }
    out.write((int) rest);
  }

  private OnnxModel number(int field, long value) {
    varint(field << 3);
    varint(value);
    return this;
  }

  private OnnxModel real(int field, float value) {
    varint(field << 3 | 5);
    out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array());
    return this;
  }

  private OnnxModel bytes(int field, byte[] value) {
    varint(field << 3 | 2);
    varint(value.length);
    out.writeBytes(value);
    return this;
  }

  private OnnxModel text(int field, String value) {
    return bytes(field, value.getBytes(StandardCharsets.UTF_8));
  }

  private OnnxModel message(int field, OnnxModel value) {
    return bytes(field, value.out.toByteArray());
  }
}
