package org.batchnorm4j.peers;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.batchnorm4j.peers.BatchNormCase.Gradient;
import org.batchnorm4j.peers.BatchNormCase.Running;
import org.batchnorm4j.peers.BatchNormCase.Spatial;
import org.batchnorm4j.peers.BatchNormCase.Values;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of a case, each already rounded to the type it is given in, so that every library
 * reads the same ones.
 */
final class BatchNormData {
  final long[] shape;
  final int channels;
  final int plane;
  final double[] input;
  final double @Nullable [] gradient;
  final double @Nullable [] weight;
  final double @Nullable [] bias;
  final double @Nullable [] runningMean;
  final double @Nullable [] runningVar;

  private final SplittableRandom random;

  BatchNormData(BatchNormCase drawn) {
    random = new SplittableRandom(~drawn.seed());
    shape = shape(drawn);
    channels = (int) shape[1];
    plane = (int) Arrays.stream(shape, 2, shape.length).reduce(1, (a, b) -> a * b);
    int size = (int) shape[0] * channels * plane;
    input = rounded(input(drawn.values(), size), drawn.input());
    double[] g = new double[size];
    Arrays.setAll(g, i -> drawn.gradient() == Gradient.ONES ? 1 : normal());
    gradient = drawn.gradient() == Gradient.NOT_TAKEN ? null : rounded(g, drawn.input());
    // what a layer holds is float32, so are the numbers that a function is given
    weight = drawn.hasWeight() ? rounded(vector(1, 0.5), DType.FLOAT32) : null;
    bias = drawn.hasBias() ? rounded(vector(0, 1), DType.FLOAT32) : null;
    boolean tracks = drawn.running() == Running.PRESENT;
    runningMean = tracks ? rounded(vector(0, 1), DType.FLOAT32) : null;
    double[] variance = new double[channels];
    Arrays.setAll(variance, c -> random.nextDouble(0.1, 4));
    runningVar = tracks ? rounded(variance, DType.FLOAT32) : null;
  }

  /** Values of axis 1 and of the other ones, by the words of the case. */
  private long[] shape(BatchNormCase drawn) {
    long[] sizes = new long[drawn.rank().axes()];
    sizes[0] =
        switch (drawn.batch()) {
          case EMPTY -> 0;
          case ONE -> 1;
          case FEW -> random.nextInt(2, 7);
        };
    sizes[1] =
        switch (drawn.channels()) {
          case NONE -> 0;
          case ONE -> 1;
          case FEW -> random.nextInt(2, 17);
          case MANY -> random.nextInt(17, 71);
        };
    int[] small = {0, 10, 6, 4};
    int[] large = {0, 200, 15, 7};
    for (int axis = 2; axis < sizes.length; axis++) {
      sizes[axis] =
          switch (drawn.spatial()) {
            case NO_AXIS, POINT -> 1;
            case EMPTY, SMALL -> random.nextInt(1, small[sizes.length - 2]);
            case LARGE -> random.nextInt(small[sizes.length - 2], large[sizes.length - 2]);
          };
    }
    if (drawn.spatial() == Spatial.EMPTY) {
      sizes[random.nextInt(2, sizes.length)] = 0;
    }
    return sizes;
  }

  private double[] input(Values values, int size) {
    double[] scales = new double[channels];
    Arrays.setAll(scales, c -> Math.scalb(1.0, random.nextInt(-8, 9)));
    double[] drawn = new double[size];
    for (int i = 0; i < size; i++) {
      int channel = channelOf(i);
      drawn[i] =
          switch (values) {
            case NORMAL -> normal();
            case SHIFTED -> 30 + normal();
            case SCALED -> scales[channel] * normal();
            case ONE_CONSTANT_CHANNEL -> channel == 0 ? 3.7 : normal();
          };
    }
    return drawn;
  }

  private double[] vector(double mean, double deviation) {
    double[] values = new double[channels];
    Arrays.setAll(values, c -> mean + deviation * normal());
    return values;
  }

  private double normal() {
    return random.nextGaussian();
  }

  /** The channel of a value by its position in row-major order. */
  int channelOf(int i) {
    return i / plane % channels;
  }

  static double[] rounded(double[] values, DType type) {
    return Tensor.of(values, values.length).to(type).toDoubles();
  }
}
