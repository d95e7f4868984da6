package org.batchnorm4j.benchmarks;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.batchnorm4j.kernel.CpuKernels;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.kernel.VirtualLanes;
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
 * Scalar against SIMD on one block of planes of one channel. Shapes are {@code planes x length}:
 * about 6,300 values (with two more arrays of the kind they leave the first-level cache), and
 * 62,720 for the second level.
 *
 * <p>Thread safety: none; JMH gives each thread its own.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 2, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
public class PlaneKernelBenchmark {

  /** Which kernels run. */
  @Param({"scalar", "simd"})
  String kernels = "";

  /** Planes and values in each. */
  @Param({"8x784", "32x196", "128x49", "80x784"})
  String shape = "";

  private CpuKernels k = KernelChoice.choose(KernelPreference.SCALAR).kernels();
  private int planes;
  private int length;
  private float[] x = {};
  private float[] g = {};
  private float[] y = {};
  private float[] p = {};
  private float[] q = {};
  private double[] sums = {};
  private double[] moreSums = {};

  /** Creates the benchmark; JMH calls {@link #prepare}. */
  public PlaneKernelBenchmark() {}

  /** Fills the arrays. */
  @Setup
  public void prepare() {
    k = KernelChoice.choose(KernelPreference.named(kernels)).kernels();
    planes = Integer.parseInt(shape.substring(0, shape.indexOf('x')));
    length = Integer.parseInt(shape.substring(shape.indexOf('x') + 1));
    Random random = new Random(1);
    x = RowKernelBenchmark.gaussian(random, planes * length);
    g = RowKernelBenchmark.gaussian(random, planes * length);
    p = RowKernelBenchmark.gaussian(random, planes);
    q = RowKernelBenchmark.gaussian(random, planes);
    y = new float[planes * length];
    sums = new double[planes * VirtualLanes.COUNT];
    moreSums = new double[planes * VirtualLanes.COUNT];
  }

  @Benchmark
  public double[] moments() {
    k.runMomentSums(x, 0, planes, length, p, 0, sums, moreSums, 0);
    return sums;
  }

  @Benchmark
  public float[] standardise() {
    k.standardiseRuns(x, 0, y, 0, planes, length, p, q, p, 0, false);
    return y;
  }

  @Benchmark
  public float[] standardiseRelu() {
    k.standardiseRuns(x, 0, y, 0, planes, length, p, q, p, 0, true);
    return y;
  }

  @Benchmark
  public double[] gradientSums() {
    k.runGradientSums(x, 0, g, 0, planes, length, p, 0, sums, moreSums, 0);
    return sums;
  }

  @Benchmark
  public double[] gradientSumsRelu() {
    k.runGradientSumsRelu(x, 0, g, 0, planes, length, p, q, p, 0, sums, moreSums, 0);
    return sums;
  }

  @Benchmark
  public float[] inputGradient() {
    k.runInputGradient(x, 0, g, 0, y, 0, planes, length, p, q, p, q, 0);
    return y;
  }

  @Benchmark
  public float[] inputGradientRelu() {
    k.runInputGradientRelu(x, 0, g, 0, y, 0, planes, length, p, q, p, q, p, q, 0);
    return y;
  }
}
