package org.batchnorm4j.peers;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.batchnorm4j.peers.BatchNormCase.Affine;
import org.batchnorm4j.peers.BatchNormCase.Batch;
import org.batchnorm4j.peers.BatchNormCase.Channels;
import org.batchnorm4j.peers.BatchNormCase.Entry;
import org.batchnorm4j.peers.BatchNormCase.Eps;
import org.batchnorm4j.peers.BatchNormCase.Gradient;
import org.batchnorm4j.peers.BatchNormCase.Kernels;
import org.batchnorm4j.peers.BatchNormCase.Mode;
import org.batchnorm4j.peers.BatchNormCase.Momentum;
import org.batchnorm4j.peers.BatchNormCase.Rank;
import org.batchnorm4j.peers.BatchNormCase.Running;
import org.batchnorm4j.peers.BatchNormCase.Spatial;
import org.batchnorm4j.peers.BatchNormCase.Threads;
import org.batchnorm4j.peers.BatchNormCase.Values;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;

/** Draws cases: case number i is the same for ever, whatever came before it. */
final class BatchNormCases {
  /** Element types of the input; halves go with float32 parameters. */
  static final DType[] INPUTS = {DType.FLOAT32, DType.FLOAT64, DType.FLOAT16, DType.BFLOAT16};

  private BatchNormCases() {}

  /** The first {@code count} cases. */
  static List<BatchNormCase> first(int count) {
    return LongStream.range(0, count).mapToObj(BatchNormCases::number).toList();
  }

  /** Case number i. */
  static BatchNormCase number(long i) {
    SplittableRandom random = new SplittableRandom(0x6261746368L + i);
    while (true) {
      BatchNormCase drawn = draw(i, random);
      if (Pairs.isPossible(drawn)) {
        return drawn;
      }
    }
  }

  /** Sizes of 0, and of 1 everywhere, are rarer than the others: they leave little to compare. */
  private static BatchNormCase draw(long i, SplittableRandom random) {
    Rank rank = any(random, Rank.values());
    return new BatchNormCase(
        i,
        any(random, Entry.values()),
        rank,
        any(random, INPUTS),
        any(random, Mode.values()),
        weighted(random, Running.values(), 3, 1),
        any(random, Momentum.values()),
        weighted(random, Eps.values(), 3, 1, 1, 1),
        any(random, Affine.values()),
        any(random, Layout.values()),
        weighted(random, Batch.values(), 1, 2, 9),
        weighted(random, Channels.values(), 1, 2, 5, 5),
        rank == Rank.TWO ? Spatial.NO_AXIS : weighted(random, Spatial.values(), 0, 1, 2, 6, 3),
        any(random, Gradient.values()),
        any(random, Values.values()),
        any(random, Kernels.values()),
        any(random, Threads.values()));
  }

  private static <T> T any(SplittableRandom random, T[] values) {
    return values[random.nextInt(values.length)];
  }

  private static <T> T weighted(SplittableRandom random, T[] values, int... weights) {
    int sum = 0;
    for (int weight : weights) {
      sum += weight;
    }
    int left = random.nextInt(sum);
    int chosen = 0;
    while (left >= weights[chosen]) {
      left -= weights[chosen++];
    }
    return values[chosen];
  }
}
