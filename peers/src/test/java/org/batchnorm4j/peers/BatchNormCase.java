package org.batchnorm4j.peers;

import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;

/**
 * One seeded case of batch norm: the value of every option, from which {@link BatchNormData} draws
 * the numbers.
 */
record BatchNormCase(
    long seed,
    Entry entry,
    Rank rank,
    DType input,
    Mode mode,
    Running running,
    Momentum momentum,
    Eps eps,
    Affine affine,
    Layout layout,
    Batch batch,
    Channels channels,
    Spatial spatial,
    Gradient gradient,
    Values values,
    Kernels kernels,
    Threads threads) {

  /** Through the function or through a layer, which counts batches. */
  enum Entry {
    FUNCTION,
    LAYER
  }

  /** Number of axes. */
  enum Rank {
    TWO,
    THREE,
    FOUR,
    FIVE;

    int axes() {
      return ordinal() + 2;
    }
  }

  /** What the pass is for. */
  enum Mode {
    TRAINING,
    INFERENCE
  }

  /** Whether there are running statistics. */
  enum Running {
    PRESENT,
    ABSENT
  }

  /** How running statistics move. */
  enum Momentum {
    TENTH(0.1),
    ZERO(0),
    ONE(1),
    SEVEN_TENTHS(0.7),
    /** The plain mean of all batches, a layer's choice. */
    CUMULATIVE(Double.NaN);

    final double value;

    Momentum(double value) {
      this.value = value;
    }
  }

  /** Added to the variance. */
  enum Eps {
    USUAL(1e-5),
    LARGE(0.5),
    TINY(1e-10),
    /** Only where the variance is given. */
    ZERO(0);

    final double value;

    Eps(double value) {
      this.value = value;
    }
  }

  /** Which of gamma and beta there are. */
  enum Affine {
    NONE,
    WEIGHT,
    BIAS,
    BOTH
  }

  /** Size of axis 0. */
  enum Batch {
    EMPTY,
    ONE,
    FEW
  }

  /** Size of axis 1. */
  enum Channels {
    NONE,
    ONE,
    FEW,
    MANY
  }

  /** Sizes of the axes from 2 on. */
  enum Spatial {
    /** There are no such axes: rank 2. */
    NO_AXIS,
    /** One of them is 0. */
    EMPTY,
    /** All of them are 1. */
    POINT,
    SMALL,
    LARGE
  }

  /** The gradient of the output that the backward pass starts from. */
  enum Gradient {
    /** There is no backward pass. */
    NOT_TAKEN,
    ONES,
    RANDOM,
    /** Random, in the other layout than the input. */
    OTHER_LAYOUT
  }

  /** How the input is distributed. */
  enum Values {
    NORMAL,
    /** Mean 30, deviation 1. */
    SHIFTED,
    /** Each channel at another scale, from 2^-8 to 2^8. */
    SCALED,
    /** Channel 0 holds one value. */
    ONE_CONSTANT_CHANNEL
  }

  /** Which of our kernels run. */
  enum Kernels {
    SCALAR,
    SIMD
  }

  /** Number of our threads. */
  enum Threads {
    ONE,
    TWO,
    THREE;

    int count() {
      return ordinal() + 1;
    }
  }

  /** The value of every option, in the order of the record's components. */
  Enum<?>[] options() {
    return new Enum<?>[] {
      entry, rank, input, mode, running, momentum, eps, affine, layout, batch, channels, spatial,
      gradient, values, kernels, threads
    };
  }

  /** Whether the batch's own statistics normalise. */
  boolean usesBatchStatistics() {
    return mode == Mode.TRAINING || (entry == Entry.LAYER && running == Running.ABSENT);
  }

  boolean hasWeight() {
    return affine == Affine.WEIGHT || affine == Affine.BOTH;
  }

  boolean hasBias() {
    return affine == Affine.BIAS || affine == Affine.BOTH;
  }
}
