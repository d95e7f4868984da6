package org.batchnorm4j.nn.parallel;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.statistics.StatisticsReducer;
import org.jspecify.annotations.Nullable;

/**
 * Statistics of all micro-batches, found in sweeps over them: each micro-batch runs until it asks
 * for statistics that are not known yet, leaves its own and ends there. What a sweep has merged is
 * known to the next one. Not safe for use by many threads.
 */
final class MicroBatchStatistics implements StatisticsReducer {

  /** Ends a micro-batch that has left its statistics; an error, so that no model handles it. */
  static final class Left extends Error {
    private static final long serialVersionUID = 1L;

    Left() {
      super("statistics of all micro-batches are not known yet", null, false, false);
    }
  }

  /** Statistics with the use that asked for them. */
  private record Known(String use, Object statistics) {}

  private final List<Known> known = new ArrayList<>();
  private final Map<Integer, Runnable> changes = new TreeMap<>();
  private @Nullable Known found;
  private int microBatch;
  private int uses;

  /** Says that a micro-batch starts. */
  void begin(int number) {
    microBatch = number;
    uses = 0;
  }

  /** Says that a micro-batch has come to its end, as all do or none. */
  void end() {
    if (found != null) {
      throw apart("its end", found.use());
    }
    if (uses < known.size()) {
      throw apart("its end", known.get(uses).use());
    }
  }

  /** Takes over what a sweep has found; false if it found nothing because all is known. */
  boolean learn() {
    if (found == null) {
      return false;
    }
    known.add(found);
    found = null;
    return true;
  }

  /** Moves the running statistics, each use once. */
  void moveRunningStatistics() {
    changes.values().forEach(Runnable::run);
  }

  @Override
  public BatchMoments moments(String layer, BatchMoments local) {
    String use = layer + " forward of " + local.channels() + " channels";
    return (BatchMoments) reduce(use, local, (a, b) -> ((BatchMoments) a).merge((BatchMoments) b));
  }

  @Override
  public GradientSums sums(String layer, GradientSums local) {
    String use = layer + " backward of " + local.sumG().length + " channels";
    return (GradientSums) reduce(use, local, (a, b) -> added((GradientSums) a, (GradientSums) b));
  }

  @Override
  public double[] total(String use, double[] local) {
    String what = use + " of " + local.length + " numbers";
    return (double[]) reduce(what, local, (a, b) -> added((double[]) a, (double[]) b));
  }

  private Object reduce(String use, Object local, BinaryOperator<Object> merge) {
    int number = uses++;
    if (number < known.size()) {
      Known earlier = known.get(number);
      if (!earlier.use().equals(use)) {
        throw apart(use, earlier.use());
      }
      return earlier.statistics();
    }
    Known others = found;
    if (others == null) {
      if (microBatch > 0) {
        throw apart(use, "their end");
      }
      found = new Known(use, local);
    } else if (others.use().equals(use)) {
      found = new Known(use, merge.apply(others.statistics(), local));
    } else {
      throw apart(use, others.use());
    }
    throw new Left();
  }

  private static GradientSums added(GradientSums a, GradientSums b) {
    return new GradientSums(added(a.sumG(), b.sumG()), added(a.sumGx(), b.sumGx()));
  }

  private static double[] added(double[] a, double[] b) {
    double[] sum = a.clone();
    for (int i = 0; i < sum.length; i++) {
      sum[i] += b[i];
    }
    return sum;
  }

  /** Once all is known and computed, since a layer may normalise with what it moves. */
  @Override
  public void update(Object target, Runnable change) {
    if (microBatch == 0) {
      changes.put(uses, change);
    }
  }

  @Override
  public boolean ownValuesOnly() {
    return false;
  }

  private IllegalStateException apart(String here, String elsewhere) {
    return new IllegalStateException(
        "micro-batches do different things: number "
            + microBatch
            + " is at "
            + here
            + ", the ones before were at "
            + elsewhere
            + "; every micro-batch must run the same layers, also in each repetition");
  }
}
