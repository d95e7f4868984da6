package org.batchnorm4j.benchmarks.comparison;

/** What is measured of batch norm. */
public enum Operation {
  /** Output and running statistics from the input: reads x, writes y. */
  FORWARD("forward", "training forward", 2),
  /** Gradients of input, gamma and beta: reads x and g, writes dx. */
  BACKWARD("backward", "training backward", 3),
  /** As forward, the output through ReLU. */
  RELU_FORWARD("relu-forward", "BN+ReLU forward", 2),
  /** As backward, behind a ReLU whose sign x tells. */
  RELU_BACKWARD("relu-backward", "BN+ReLU backward", 3),
  /** Another tensor r is added in front of the ReLU: reads x and r, writes y. */
  ADD_RELU_FORWARD("add-relu-forward", "BN+add+ReLU forward", 3),
  /** Gradients of both tensors: reads x, g and a bit per value, writes dx and dr. */
  ADD_RELU_BACKWARD("add-relu-backward", "BN+add+ReLU backward", 4),
  /** Output from input and given statistics. */
  INFERENCE("inference", "inference", 2),
  /** The same through ReLU. */
  INFERENCE_RELU("inference-relu", "inference with ReLU", 2);

  private final String label;
  private final String title;

  /** Tensors that must be read or written at least once. */
  final int tensors;

  Operation(String label, String title, int tensors) {
    this.label = label;
    this.title = title;
    this.tensors = tensors;
  }

  /** Name in arguments and in the CSV file. */
  String label() {
    return label;
  }

  /** Name in tables. */
  String title() {
    return title;
  }

  /** Whether gradients are computed. */
  public boolean isBackward() {
    return this == BACKWARD || this == RELU_BACKWARD || this == ADD_RELU_BACKWARD;
  }

  /** Whether the batch's own statistics normalise. */
  public boolean isTraining() {
    return this != INFERENCE && this != INFERENCE_RELU;
  }

  /** Whether the output goes through ReLU. */
  public boolean rectifies() {
    return this == RELU_FORWARD
        || this == RELU_BACKWARD
        || this == INFERENCE_RELU
        || addsResidual();
  }

  /** Whether another tensor is added in front of the ReLU. */
  public boolean addsResidual() {
    return this == ADD_RELU_FORWARD || this == ADD_RELU_BACKWARD;
  }
}
