package org.batchnorm4j.benchmarks.comparison;

/** Which half of a training step is measured. */
public enum Direction {
  /** Output and running statistics from the input: reads x, writes y. */
  FORWARD(2),
  /** Gradients of input, gamma and beta: reads x and g, writes dx. */
  BACKWARD(3);

  /** Tensors that must be read or written at least once. */
  final int tensors;

  Direction(int tensors) {
    this.tensors = tensors;
  }

  /** Name in tables. */
  String lower() {
    return this == FORWARD ? "forward" : "backward";
  }
}
