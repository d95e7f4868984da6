package org.batchnorm4j.tensor;

/** Cross-entropy over class scores, stable for scores of any size. */
final class Losses {
  private final Memory memory;

  Losses(Memory memory) {
    this.memory = memory;
  }

  Tensor crossEntropy(Tensor logits, Tensor labels) {
    check(logits, labels);
    int batch = logits.axis(0);
    int classes = logits.axis(1);
    double total = 0;
    for (int n = 0; n < batch; n++) {
      int row = logits.offset() + n * classes;
      double label = logits.valueAt(row + label(labels, n, classes));
      total += logSumExp(logits, row, classes) - label;
    }
    Tensor loss = memory.allocate(logits.dtype(), Shape.of(), Layout.CHANNELS_FIRST);
    return loss.fill(total / batch);
  }

  Tensor crossEntropyGradient(Tensor logits, Tensor labels, Tensor g) {
    check(logits, labels);
    int batch = logits.axis(0);
    int classes = logits.axis(1);
    Tensor result = memory.allocate(logits.dtype(), logits.shape(), Layout.CHANNELS_FIRST);
    double weight = g.item() / batch;
    for (int n = 0; n < batch; n++) {
      int row = logits.offset() + n * classes;
      double logSum = logSumExp(logits, row, classes);
      int label = label(labels, n, classes);
      for (int k = 0; k < classes; k++) {
        double probability = StrictMath.exp(logits.valueAt(row + k) - logSum);
        double value = (probability - (k == label ? 1 : 0)) * weight;
        Conversion.set(result.storage(), result.dtype(), n * classes + k, value);
      }
    }
    return result;
  }

  private static double logSumExp(Tensor logits, int row, int classes) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < classes; k++) {
      largest = Math.max(largest, logits.valueAt(row + k));
    }
    if (Double.isInfinite(largest)) {
      return largest;
    }
    double sum = 0;
    for (int k = 0; k < classes; k++) {
      sum += StrictMath.exp(logits.valueAt(row + k) - largest);
    }
    return largest + StrictMath.log(sum);
  }

  private static int label(Tensor labels, int n, int classes) {
    long label = Conversion.integer(labels.storage(), labels.offset() + n);
    if (label < 0 || label >= classes) {
      throw new IllegalArgumentException(
          "cross_entropy: label "
              + label
              + " of sample "
              + n
              + " is not a class; the scores have classes 0 to "
              + (classes - 1));
    }
    return (int) label;
  }

  private static void check(Tensor logits, Tensor labels) {
    Elementwise.requireComputing("cross_entropy", logits);
    boolean fits = logits.rank() == 2 && labels.rank() == 1 && logits.axis(0) == labels.axis(0);
    if (!fits || logits.axis(1) == 0) {
      throw new ShapeException(
          "cross_entropy needs scores (N, K) with a class or more and labels (N), got scores "
              + logits.shape()
              + " and labels "
              + labels.shape()
              + remedy(logits, labels));
    }
    switch (labels.dtype()) {
      case INT64, INT32, UINT8 -> {}
      case FLOAT32, FLOAT64, FLOAT16, BFLOAT16, BOOL ->
          throw new IllegalArgumentException(
              "cross_entropy needs labels of int64, int32 or uint8, got "
                  + labels.dtype()
                  + " of shape "
                  + labels.shape()
                  + "; convert class numbers with to(DType.INT64)");
    }
  }

  private static String remedy(Tensor logits, Tensor labels) {
    if (labels.rank() == 2 && labels.shape().equals(logits.shape())) {
      return "; make class numbers of one-hot labels with argmax()";
    }
    return logits.rank() == 2 && labels.size() == logits.axis(0) ? "; give labels.reshape(-1)" : "";
  }
}
