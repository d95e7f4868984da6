package org.batchnorm4j.benchmarks;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.batchnorm4j.tensor.MatrixMultiply;
import org.batchnorm4j.tensor.MatrixMultiplyChoice;
import org.batchnorm4j.tensor.MatrixMultiplyPreference;
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
 * Plain Java against the native library on one thread: float32 products of the networks' shapes.
 *
 * <p>Thread safety: none; JMH gives each thread its own.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class GemmBenchmark {

  /** Which multiplication runs. */
  @Param({"java", "native"})
  String multiplication = "";

  /** Rows, columns and inner dimension. */
  @Param({"50x512x500", "64x500x800", "64x512x576", "128x512x1152", "512x256x4608", "256x256x256"})
  String shape = "";

  /** Whether B is stored transposed, as in a linear layer and in a weight gradient. */
  @Param({"false", "true"})
  boolean transposed;

  private MatrixMultiply multiply =
      MatrixMultiplyChoice.choose(MatrixMultiplyPreference.JAVA).multiply();
  private int m;
  private int n;
  private int k;
  private float[] a = {};
  private float[] b = {};
  private float[] c = {};

  /** Creates the benchmark; JMH calls {@link #prepare}. */
  public GemmBenchmark() {}

  /** Fills the arrays. */
  @Setup
  public void prepare() {
    multiply =
        MatrixMultiplyChoice.choose(MatrixMultiplyPreference.named(multiplication)).multiply();
    int first = shape.indexOf('x');
    int last = shape.lastIndexOf('x');
    m = Integer.parseInt(shape.substring(0, first));
    n = Integer.parseInt(shape.substring(first + 1, last));
    k = Integer.parseInt(shape.substring(last + 1));
    Random random = new Random(1);
    a = RowKernelBenchmark.gaussian(random, m * k);
    b = RowKernelBenchmark.gaussian(random, k * n);
    c = new float[m * n];
  }

  /** One product. */
  @Benchmark
  public float[] product() {
    multiply.multiply(
        false, transposed, m, n, k, 1f, a, 0, k, b, 0, transposed ? k : n, 0f, c, 0, n);
    return c;
  }
}
