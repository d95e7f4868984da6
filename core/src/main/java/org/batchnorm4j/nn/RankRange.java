package org.batchnorm4j.nn;

import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * The inputs that a kind of batch norm accepts. Immutable.
 *
 * @param kind name of the layer's class
 * @param least least rank
 * @param most greatest rank
 */
record RankRange(String kind, int least, int most) {

  /** This range, narrowed to the one rank of the options if they name one. */
  RankRange within(BatchNormOptions options) {
    if (options.rank().isEmpty()) {
      return this;
    }
    int rank = options.rank().getAsInt();
    if (rank < least || rank > most) {
      throw new IllegalArgumentException(
          kind + " takes " + expected() + " input and cannot be restricted to rank " + rank);
    }
    return new RankRange(kind, rank, rank);
  }

  private String expected() {
    return most == Integer.MAX_VALUE
        ? "at least " + least + "D"
        : least == most ? least + "D" : least + "D or " + most + "D";
  }

  /** Refuses a wrong rank, number of channels or type, in this order. */
  void check(String who, Tensor input, int channels, BatchNormOptions options) {
    checkRank(who, input);
    int found = input.axis(options.axis());
    if (found != channels) {
      throw new ShapeException(
          who
              + " was built for "
              + channels
              + (channels == 1 ? " channel" : " channels")
              + ", but axis "
              + options.axis()
              + " of the input shape "
              + input.shape()
              + " has "
              + found);
    }
    checkType(who, input, options.dtype());
  }

  /** Refuses a wrong rank. */
  void checkRank(String who, Tensor input) {
    int rank = input.rank();
    if (rank < least || rank > most) {
      throw new ShapeException(
          who
              + " expected "
              + expected()
              + " input (got "
              + rank
              + "D input of shape "
              + input.shape()
              + ")");
    }
  }

  private static void checkType(String who, Tensor input, DType dtype) {
    boolean half = input.dtype() == DType.FLOAT16 || input.dtype() == DType.BFLOAT16;
    if (input.dtype() != dtype && !(half && dtype == DType.FLOAT32)) {
      throw new IllegalArgumentException(
          who
              + " has "
              + dtype
              + " parameters, but the input is "
              + input.dtype()
              + "; convert the input with to(DType."
              + dtype.name()
              + ")"
              + (input.dtype().computes()
                  ? " or build the layer with withDtype(DType." + input.dtype().name() + ")"
                  : ""));
    }
  }
}
