package org.batchnorm4j.autograd;

import java.util.Objects;
import java.util.function.Supplier;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.statistics.StatisticsReducer;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The statistics by which one tensor is normalised: moments of all of it, or of each of several
 * parts, reduced as its pass says ({@link Pass#withStatistics}). The same reduction serves the
 * backward pass.
 *
 * <p>Moments that need nobody else are taken when they are asked for first, or together with the
 * output that they normalise.
 *
 * <p>Belongs to one pass and one thread.
 */
public final class BatchStatistics {
  private final String layer;
  private final StatisticsReducer reducer;
  private final int[] cuts;
  private final Part[] parts;

  private BatchStatistics(String layer, StatisticsReducer reducer, int[] cuts, Part... parts) {
    this.layer = layer;
    this.reducer = reducer;
    this.cuts = cuts;
    this.parts = parts;
  }

  /** The moments of a part, or where to take them from. */
  private static final class Part {
    private final long count;
    private @Nullable BatchMoments taken;
    private @Nullable Supplier<BatchMoments> source;

    private Part(long count, Supplier<BatchMoments> source) {
      this.count = count;
      this.source = source;
    }

    private Part(BatchMoments taken) {
      count = taken.count();
      this.taken = taken;
    }

    private BatchMoments moments() {
      BatchMoments known = taken;
      if (known == null) {
        known = Objects.requireNonNull(source).get();
        take(known);
      }
      return known;
    }

    private void take(BatchMoments moments) {
      taken = moments;
      source = null; // which refers to x
    }

    private boolean isTaken() {
      return taken != null;
    }
  }

  /**
   * Takes the moments of a tensor and reduces them.
   *
   * @param layer which layer asks, as errors name it
   * @param x (N, C, ...)
   * @param samples how many samples axis 0 holds; N, or a divisor where axes were merged into it
   * @param pass whose backend computes and whose reducer reduces
   */
  public static BatchStatistics of(String layer, Tensor x, int samples, Pass pass) {
    StatisticsReducer reducer = pass.statistics();
    int[] cuts = reducer.cuts(samples);
    int rowsPerSample = samples == 0 ? 1 : x.axis(0) / samples;
    for (int i = 0; i < cuts.length; i++) {
      cuts[i] *= rowsPerSample;
    }
    Part[] parts = new Part[cuts.length - 1];
    Backend backend = pass.backend();
    for (int i = 0; i < parts.length; i++) {
      Tensor part = parts.length == 1 ? x : x.range(cuts[i], cuts[i + 1]);
      parts[i] =
          reducer.ownValuesOnly() && part.size() > 0
              ? new Part(part.size() / part.axis(1), () -> backend.channelMoments(part))
              : new Part(reducer.moments(layer, backend.channelMoments(part)));
    }
    return new BatchStatistics(layer, reducer, cuts, parts);
  }

  /** Moments of x that need no reduction. */
  static BatchStatistics own(Tensor x, BatchMoments moments) {
    if (moments.count() * moments.channels() != x.size()) {
      throw new ShapeException(
          "batch_norm: moments of "
              + moments.count()
              + " values in each of "
              + moments.channels()
              + " channels are not those of the input shape "
              + x.shape());
    }
    return new BatchStatistics(
        "batch_norm", StatisticsReducer.local(), new int[] {0, x.axis(0)}, new Part(moments));
  }

  /** Number of parts that are normalised one by one. */
  public int parts() {
    return parts.length;
  }

  /** Values behind the moments of each channel of a part. */
  public long count(int part) {
    return parts[part].count;
  }

  /** The moments that normalise a part. */
  public BatchMoments moments(int part) {
    return parts[part].moments();
  }

  /** Whether somebody has asked for the moments, or nobody may take them with the output. */
  boolean isTaken(int part) {
    return parts[part].isTaken();
  }

  /** Takes over the moments of a part, from whom computed its output with them. */
  void take(int part, BatchMoments moments) {
    parts[part].take(moments);
  }

  /** Whether the sums of gradients are those of the values at hand. */
  boolean ownValuesOnly() {
    return reducer.ownValuesOnly();
  }

  /** The samples of a part, recorded. */
  public Tensor range(Tensor x, int part, Pass pass) {
    return Shaping.range(x, from(part), to(part), pass);
  }

  /** The statistics of a part alone, for what {@link #range} gives. */
  public BatchStatistics part(int part) {
    return new BatchStatistics(layer, reducer, new int[] {0, to(part) - from(part)}, parts[part]);
  }

  /**
   * Moves running statistics as the reducer says, see {@link StatisticsReducer#update}.
   *
   * @param target what holds them
   * @param change moves them by the moments of each part
   */
  public void update(Object target, Runnable change) {
    reducer.update(target, change);
  }

  int from(int part) {
    return cuts[part];
  }

  int to(int part) {
    return cuts[part + 1];
  }

  GradientSums reduced(GradientSums local) {
    return reducer.sums(layer, local);
  }

  /** The sum over everyone of a share that each has, recorded, for gradients of gradients. */
  Tensor total(Tensor share, Pass pass) {
    return Totals.of(layer + " sums of its gradient", share, reducer, pass);
  }
}
