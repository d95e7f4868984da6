package org.batchnorm4j.benchmarks.comparison;

import java.util.List;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;

/**
 * The bare passes of batch norm in training, in loops over vectors: each loads and stores what it
 * must, and the first takes the two sums of float64 that it needs over the whole tensor, without
 * channels, their constants or a pivot. What sums in float64 and passes twice is hardly faster,
 * except behind a residual, where a kernel can take the gate in the loop of the sums.
 *
 * <p>Forward sums x and x<sup>2</sup>, then stores x, to which it adds r if there is one. Backward
 * sums g and gx, then stores x + g; with a residual, g counts only where r is positive, and is
 * stored for the second pass. Channels first in tensors past the caches are taken in groups of
 * channels, whose second pass finds them in the last cache. Used by one thread.
 */
public final class Passes extends Ceiling {
  /** Values of a tensor from which on the second pass would read from memory. */
  private static final int LARGE = 5 << 19;

  /** Values of a group of channels. */
  private static final int GROUP = 1 << 19;

  /** Values of a loop over two arrays: longer ones are unrolled into a worse order of loads. */
  private static final int PIECE = 256;

  private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Float> NARROW =
      VectorSpecies.of(float.class, VectorShape.forBitSize(DOUBLES.vectorBitSize() / 2));
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

  @Override
  public String name() {
    return "passes";
  }

  @Override
  public List<String> facts() {
    return List.of("loads and stores of both passes of training, with two sums in float64");
  }

  @Override
  public boolean solves(Problem problem) {
    return problem.operation().isTraining() && problem.storage() == DType.FLOAT32;
  }

  @Override
  public Contender prepare(Problem problem) {
    return new Both(problem);
  }

  private final class Both extends OnThreads {
    private final Problem problem;
    private final int channels;
    private final int plane;

    /** Channels of a group; 0 where there are none. */
    private final int perGroup;

    private final float[] out;
    private final boolean gated;

    /** The gradient that counts. */
    private final float[] passed;

    private final double[] sums;

    Both(Problem problem) {
      this.problem = problem;
      channels = problem.shape().channels();
      plane = problem.shape().plane();
      boolean apart = plane > 1 && problem.layout() == Layout.CHANNELS_FIRST;
      boolean large = problem.x().length > LARGE;
      perGroup = apart && large ? Math.clamp(GROUP / problem.shape().perChannel(), 1, channels) : 0;
      out = new float[problem.x().length];
      gated = problem.operation() == Operation.ADD_RELU_BACKWARD;
      passed = gated ? new float[out.length] : problem.g();
      sums = new double[2 * Math.ceilDiv(out.length, perGroup == 0 ? BLOCK : perGroup * plane)];
    }

    @Override
    public void run() {
      if (perGroup > 0) {
        each(Math.ceilDiv(channels, perGroup), this::group);
      } else {
        eachBlock(out.length, this::sumBlock);
        eachBlock(out.length, this::store);
      }
    }

    private void sumBlock(int start, int length) {
      clear(start / BLOCK);
      sum(start, length, start / BLOCK);
    }

    private void clear(int task) {
      sums[2 * task] = 0;
      sums[2 * task + 1] = 0;
    }

    private void group(int group) {
      int first = group * perGroup;
      int length = Math.min(perGroup, channels - first) * plane;
      clear(group);
      for (int start = first * plane; start < out.length; start += channels * plane) {
        sum(start, length, group);
      }
      for (int start = first * plane; start < out.length; start += channels * plane) {
        store(start, length);
      }
    }

    /** The first pass over adjacent values, for one of the tasks. */
    private void sum(int start, int length, int task) {
      int end = start + length;
      if (gated) {
        gate(problem.g(), problem.r(), passed, start, end);
      }
      if (problem.operation().isBackward()) {
        products(problem.x(), passed, start, end, sums, 2 * task);
      } else {
        squares(problem.x(), start, end, sums, 2 * task);
      }
    }

    /** The second pass over adjacent values. */
    private void store(int start, int length) {
      int end = start + length;
      if (problem.operation().isBackward()) {
        add(problem.x(), passed, out, start, end);
      } else if (problem.operation().addsResidual()) {
        add(problem.x(), problem.r(), out, start, end);
      } else {
        Roof.copy(problem.x(), out, start, length);
      }
    }

    /** What was stored and, in place of values per channel, the sums of the whole tensor. */
    @Override
    public Outputs outputs() {
      double[] all = new double[2];
      for (int i = 0; i < sums.length; i++) {
        all[i % 2] += sums[i];
      }
      return new Outputs(out.clone(), new float[] {(float) all[0]}, new float[] {(float) all[1]});
    }
  }

  private static DoubleVector wide(float[] x, int i) {
    return (DoubleVector)
        FloatVector.fromArray(NARROW, x, i).convertShape(VectorOperators.F2D, DOUBLES, 0);
  }

  private static void squares(float[] x, int start, int end, double[] sums, int at) {
    DoubleVector sum0 = DoubleVector.zero(DOUBLES);
    DoubleVector sum1 = sum0;
    DoubleVector square0 = sum0;
    DoubleVector square1 = sum0;
    int step = 2 * DOUBLES.length();
    int i = start;
    for (; i + step <= end; i += step) {
      DoubleVector d0 = wide(x, i);
      DoubleVector d1 = wide(x, i + DOUBLES.length());
      sum0 = sum0.add(d0);
      sum1 = sum1.add(d1);
      square0 = d0.fma(d0, square0);
      square1 = d1.fma(d1, square1);
    }
    double sum = sum0.add(sum1).reduceLanes(VectorOperators.ADD);
    double square = square0.add(square1).reduceLanes(VectorOperators.ADD);
    for (; i < end; i++) {
      sum += x[i];
      square += (double) x[i] * x[i];
    }
    sums[at] += sum;
    sums[at + 1] += square;
  }

  private static void products(float[] x, float[] g, int start, int end, double[] sums, int at) {
    DoubleVector sum0 = DoubleVector.zero(DOUBLES);
    DoubleVector sum1 = sum0;
    DoubleVector product0 = sum0;
    DoubleVector product1 = sum0;
    int step = 2 * DOUBLES.length();
    int whole = end - (end - start) % step;
    for (int from = start; from < whole; from += PIECE) {
      int to = Math.min(whole, from + PIECE);
      for (int i = from; i < to; i += step) {
        DoubleVector g0 = wide(g, i);
        DoubleVector g1 = wide(g, i + DOUBLES.length());
        sum0 = sum0.add(g0);
        sum1 = sum1.add(g1);
        product0 = g0.fma(wide(x, i), product0);
        product1 = g1.fma(wide(x, i + DOUBLES.length()), product1);
      }
    }
    double sum = sum0.add(sum1).reduceLanes(VectorOperators.ADD);
    double product = product0.add(product1).reduceLanes(VectorOperators.ADD);
    for (int i = whole; i < end; i++) {
      sum += g[i];
      product += (double) g[i] * x[i];
    }
    sums[at] += sum;
    sums[at + 1] += product;
  }

  private static void gate(float[] g, float[] r, float[] passed, int start, int end) {
    FloatVector zero = FloatVector.zero(FLOATS);
    int i = start;
    for (; i + FLOATS.length() <= end; i += FLOATS.length()) {
      FloatVector open = FloatVector.fromArray(FLOATS, r, i);
      zero.blend(FloatVector.fromArray(FLOATS, g, i), open.compare(VectorOperators.GT, zero))
          .intoArray(passed, i);
    }
    for (; i < end; i++) {
      passed[i] = r[i] > 0 ? g[i] : 0;
    }
  }

  private static void add(float[] a, float[] b, float[] out, int start, int end) {
    int i = start;
    for (; i + FLOATS.length() <= end; i += FLOATS.length()) {
      FloatVector.fromArray(FLOATS, a, i)
          .add(FloatVector.fromArray(FLOATS, b, i))
          .intoArray(out, i);
    }
    for (; i < end; i++) {
      out[i] = a[i] + b[i];
    }
  }
}
