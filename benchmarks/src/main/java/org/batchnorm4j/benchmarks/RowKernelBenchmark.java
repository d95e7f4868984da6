package org.batchnorm4j.benchmarks;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Scalar against SIMD on one block of contiguous rows. Shapes are {@code rows x channels}.
 *
 * <p>Thread safety: none; JMH gives each thread its own.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 2, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class RowKernelBenchmark {

  /** Which kernels run. */
  @Param({"scalar", "simd"})
  String kernels = "";

  /** Rows and channels. */
  @Param({"98x64", "627x10", "980x64"})
  String shape = "";

  private CpuKernels k = KernelChoice.choose(KernelPreference.SCALAR).kernels();
  private int rows;
  private int channels;
  private float[] x = {};
  private float[] g = {};
  private float[] y = {};
  private float[] p = {};
  private float[] q = {};
  private double[] sums = {};
  private double[] moreSums = {};

  /** Creates the benchmark; JMH calls {@link #prepare}. */
  public RowKernelBenchmark() {}

  /** Fills the arrays. */
  @Setup
  public void prepare() {
    k = KernelChoice.choose(KernelPreference.named(kernels)).kernels();
    rows = Integer.parseInt(shape.substring(0, shape.indexOf('x')));
    channels = Integer.parseInt(shape.substring(shape.indexOf('x') + 1));
    Random random = new Random(1);
    x = gaussian(random, rows * channels);
    g = gaussian(random, rows * channels);
    p = gaussian(random, channels);
    q = gaussian(random, channels);
    y = new float[rows * channels];
    sums = new double[channels];
    moreSums = new double[channels];
  }

  static float[] gaussian(Random random, int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  @Benchmark
  public double[] moments() {
    k.rowMomentSums(x, 0, rows, channels, channels, p, sums, moreSums, 0);
    return sums;
  }

  @Benchmark
  public float[] standardise() {
    k.standardiseRows(x, 0, y, 0, rows, channels, channels, p, q, p, 0, false);
    return y;
  }

  @Benchmark
  public float[] standardiseRelu() {
    k.standardiseRows(x, 0, y, 0, rows, channels, channels, p, q, p, 0, true);
    return y;
  }

  @Benchmark
  public double[] gradientSums() {
    k.rowGradientSums(x, 0, g, 0, rows, channels, channels, p, sums, moreSums, 0);
    return sums;
  }

  @Benchmark
  public double[] gradientSumsRelu() {
    k.rowGradientSumsRelu(x, 0, g, 0, rows, channels, channels, p, q, p, sums, moreSums, 0);
    return sums;
  }

  @Benchmark
  public float[] inputGradient() {
    k.rowInputGradient(x, 0, g, 0, y, 0, rows, channels, channels, p, q, p, q, 0);
    return y;
  }

  @Benchmark
  public float[] inputGradientRelu() {
    k.rowInputGradientRelu(x, 0, g, 0, y, 0, rows, channels, channels, p, q, p, q, p, q, 0);
    return y;
  }
}
