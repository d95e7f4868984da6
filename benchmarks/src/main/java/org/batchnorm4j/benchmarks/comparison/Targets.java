package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.batchnorm4j.tensor.DType;

/** Everything that we want of the comparison. */
final class Targets {
  private static final String LIBTORCH = "libtorch";
  private static final String ONEDNN = "oneDNN";

  private final long lastCache;

  /**
   * @param lastCache bytes of the last cache
   */
  Targets(long lastCache) {
    this.lastCache = lastCache;
  }

  /** Targets against peers, in the order of the table. */
  List<Target> againstPeers() {
    List<Target> all = new ArrayList<>();
    forward(all);
    backward(all);
    for (Operation operation : List.of(Operation.FORWARD, Operation.BACKWARD)) {
      both(all, operation);
    }
    all.add(
        new Target(
            "(N, C) training forward + backward",
            LIBTORCH,
            List.of(Operation.FORWARD, Operation.BACKWARD),
            r -> r.layout().equals("NC"),
            1.5,
            1));
    for (String peer : List.of(LIBTORCH, "ONNX Runtime")) {
      all.add(single("inference", peer, Operation.INFERENCE, Targets::isPicture, 1, 0.9));
      all.add(
          single(
              "inference with ReLU, against an unfused pair",
              peer,
              Operation.INFERENCE_RELU,
              Targets::isPicture,
              1.3,
              0.9));
    }
    all.add(
        new Target(
            "BN+add+ReLU forward + backward, against three operations",
            LIBTORCH,
            List.of(Operation.ADD_RELU_FORWARD, Operation.ADD_RELU_BACKWARD),
            Targets::isPicture,
            2.5,
            1.5));
    for (Operation operation :
        List.of(Operation.FORWARD, Operation.BACKWARD, Operation.INFERENCE)) {
      all.add(
          single(
              "bf16 storage, " + operation.title(),
              Ours.WIDE,
              operation,
              r -> r.storage() == DType.BFLOAT16,
              1.4,
              0));
    }
    return all;
  }

  private static void forward(List<Target> all) {
    Operation forward = Operation.FORWARD;
    all.add(single("training forward, NCHW", LIBTORCH, forward, Targets::isNchw, 3, 1.5));
    all.add(single("training forward, NCHW", ONEDNN, forward, Targets::isNchw, 2.5, 1.2));
  }

  private static void backward(List<Target> all) {
    Operation backward = Operation.BACKWARD;
    all.add(single("training backward, NCHW", LIBTORCH, backward, Targets::isNchw, 2, 1.2));
    all.add(single("training backward, NCHW", ONEDNN, backward, Targets::isNchw, 3, 1.5));
  }

  private void both(List<Target> all, Operation operation) {
    Predicate<Result> even = r -> isNhwc(r) && r.shape().channels() % 16 == 0;
    Predicate<Result> other = r -> isNhwc(r) && r.shape().channels() % 16 != 0;
    Predicate<Result> cached = r -> r.compulsoryBytes() <= lastCache;
    Predicate<Result> small =
        r -> isNchw(r) && (r.shape().plane() == 49 || r.shape().plane() == 196);
    String name = operation.title() + ", ";
    all.add(
        single(
            name + "NHWC, C a multiple of 16, past the last cache",
            ONEDNN,
            operation,
            even.and(cached.negate()),
            1,
            0.8));
    all.add(
        single(
            name + "NHWC, C a multiple of 16, in cache",
            ONEDNN,
            operation,
            even.and(cached),
            1.1,
            0.8));
    for (String peer : List.of(ONEDNN, LIBTORCH)) {
      all.add(single(name + "NHWC, other C", peer, operation, other, 1.5, 1));
      all.add(single(name + "NCHW, planes of 7x7 and 14x14", peer, operation, small, 1.5, 1));
    }
  }

  private static Target single(
      String what,
      String against,
      Operation operation,
      Predicate<Result> among,
      double mean,
      double floor) {
    return new Target(what, against, List.of(operation), among, mean, floor);
  }

  private static boolean isPicture(Result result) {
    return result.storage() == DType.FLOAT32 && !result.layout().equals("NC");
  }

  private static boolean isNchw(Result result) {
    return isPicture(result) && result.layout().equals("NCHW");
  }

  private static boolean isNhwc(Result result) {
    return isPicture(result) && result.layout().equals("NHWC");
  }
}
