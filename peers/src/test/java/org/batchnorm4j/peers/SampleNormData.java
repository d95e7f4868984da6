package org.batchnorm4j.peers;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.batchnorm4j.peers.SampleNormCase.Family;
import org.batchnorm4j.tensor.DType;
import org.jspecify.annotations.Nullable;

/** The numbers of a case: those of batch norm, with gamma and beta in the shape of the family. */
final class SampleNormData {
  final BatchNormData base;
  final long[] affineShape;
  final double @Nullable [] weight;
  final double @Nullable [] bias;
  final double @Nullable [] runningMean;
  final double @Nullable [] runningVar;
  final Grouping grouping;

  SampleNormData(SampleNormCase drawn) {
    base = new BatchNormData(drawn.options());
    Family family = drawn.family();
    boolean trailing = family == Family.LAYER || family == Family.RMS;
    int rank = base.shape.length;
    affineShape =
        trailing
            ? Arrays.copyOfRange(base.shape, rank - drawn.trailingAxes(), rank)
            : new long[] {base.channels};
    int affines = (int) Arrays.stream(affineShape).reduce(1, (a, b) -> a * b);
    SplittableRandom random = new SplittableRandom(drawn.options().seed() ^ 0x5A5A);
    double[] gamma = new double[affines];
    double[] beta = new double[affines];
    Arrays.setAll(gamma, c -> 1 + 0.5 * random.nextGaussian());
    Arrays.setAll(beta, c -> random.nextGaussian());
    weight = drawn.options().hasWeight() ? BatchNormData.rounded(gamma, DType.FLOAT32) : null;
    bias =
        drawn.options().hasBias() && family != Family.RMS
            ? BatchNormData.rounded(beta, DType.FLOAT32)
            : null;
    boolean tracks = family == Family.INSTANCE;
    runningMean = tracks ? base.runningMean : null;
    runningVar = tracks ? base.runningVar : null;
    grouping = grouping(drawn, affines);
  }

  private Grouping grouping(SampleNormCase drawn, int affines) {
    int sample = base.channels * base.plane;
    int samples = (int) base.shape[0];
    return switch (drawn.family()) {
      case LAYER, RMS ->
          new Grouping(
              affines == 0 ? 0 : base.input.length / affines,
              i -> i / affines,
              affines,
              i -> i % affines,
              drawn.family() == Family.LAYER);
      case GROUP -> {
        int groups = drawn.groups(base.channels);
        int each = Math.max(1, sample / groups);
        yield new Grouping(samples * groups, i -> i / each, affines, base::channelOf, true);
      }
      case INSTANCE ->
          drawn.usesInputStatistics()
              ? new Grouping(
                  samples * base.channels, i -> i / base.plane, affines, base::channelOf, true)
              : Grouping.byChannel(base.channels, base::channelOf);
    };
  }
}
