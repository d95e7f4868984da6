package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.batchnorm4j.cli.apply.NormKind;
import org.batchnorm4j.io.safetensors.SafetensorsWriter;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/**
 * What a JVM that checks may meet: help, versions, wrong arguments and small norms. The launcher's
 * build runs it once and keeps the classes that it loaded, linked, for the starts to come. Used
 * from one thread.
 */
final class Rehearsal {
  private static final List<DType> TYPES = List.of(DType.FLOAT32, DType.FLOAT64);

  /** Positions of some channels, and no positions. */
  private static final List<Shape> SHAPES = List.of(Shape.of(2, 4, 3), Shape.of(17, 4));

  private Rehearsal() {}

  /**
   * Runs it in the folder that {@code arguments} name, which gets small files, and ends the JVM as
   * {@link Main} does, which needs classes of its own.
   */
  public static void main(String[] arguments) throws IOException {
    run(Surroundings.ofThisProcess(), Path.of(arguments[0]));
    Stage.end(0);
  }

  static void run(Surroundings surroundings, Path folder) throws IOException {
    Main.run(surroundings, "--help");
    Main.run(surroundings, "--version");
    Main.run(surroundings, "train", "--help");
    Main.run(surroundings, "train", "--no-such-option");
    Main.run(surroundings, "train", "--epochs", "many");
    Main.run(surroundings, "train", "--epochs", "0");
    Main.run(surroundings, "evaluate");
    String in = folder.resolve("in.safetensors").toString();
    String out = folder.resolve("out.safetensors").toString();
    for (NormKind kind : NormKind.values()) {
      for (DType type : TYPES) {
        for (Shape shape : SHAPES) {
          // with weight and bias 0 the output is 0: the first is in its bound, the second is not
          double least = type == DType.FLOAT64 ? Double.MIN_VALUE : Float.MIN_VALUE;
          for (double expected : new double[] {least, 1}) {
            SafetensorsWriter.write(
                Path.of(in), tensors(kind, type, shape, expected), metadata(kind, shape));
            Main.run(surroundings, "apply", "--case", "--verify", in);
            Main.run(surroundings, "apply", "--case", in, out);
          }
        }
      }
    }
  }

  private static Map<String, Tensor> tensors(
      NormKind kind, DType type, Shape shape, double expected) {
    long[] sizes = shape.toArray();
    boolean last = kind == NormKind.LAYER_NORM || kind == NormKind.RMS_NORM;
    long weights = last ? sizes[sizes.length - 1] : sizes[1];
    Map<String, Tensor> tensors = new TreeMap<>();
    tensors.put("input", Tensor.randn(type, RandomStream.of(1), sizes));
    tensors.put("grad_output", Tensor.randn(type, RandomStream.of(2), sizes));
    tensors.put("weight", Tensor.full(0, type, weights));
    tensors.put("expected.output", Tensor.full(expected, type, sizes));
    if (kind != NormKind.RMS_NORM) {
      tensors.put("bias", Tensor.full(0, type, weights));
    }
    if (kind == NormKind.BATCH_NORM) {
      tensors.put("running_mean", Tensor.full(0, type, weights));
      tensors.put("running_var", Tensor.full(1, type, weights));
      tensors.put("num_batches_tracked", Tensor.scalar(1L));
    }
    return tensors;
  }

  private static Map<String, String> metadata(NormKind kind, Shape shape) {
    Map<String, String> metadata = new TreeMap<>(Map.of("op", kind.toString(), "eps", "1e-05"));
    switch (kind) {
      case BATCH_NORM -> metadata.putAll(Map.of("training", "true", "momentum", "0.1"));
      case GROUP_NORM -> metadata.put("groups", "2");
      case LAYER_NORM, RMS_NORM ->
          metadata.put("normalized_shape", Long.toString(shape.axis(shape.rank() - 1)));
      case INSTANCE_NORM -> metadata.put("training", "true");
    }
    return metadata;
  }
}
