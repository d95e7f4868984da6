package org.batchnorm4j.benchmarks;

import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.ConvolutionGeometry;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.MatrixMultiplyChoice;
import org.batchnorm4j.tensor.MatrixMultiplyPreference;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.tensor.Workers;
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
 * Convolution with batch 64, forward and both gradients, on the layers of the networks: by plain
 * Java and by the native library, on one thread and on two. Results come from an arena, so that no
 * fresh memory counts.
 *
 * <p>Thread safety: none; JMH gives each thread its own.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public class ConvolutionBenchmark {
  private static final int BATCH = 64;

  /** Which multiplication runs. */
  @Param({"java", "native"})
  String multiplication = "";

  /** Number of threads. */
  @Param({"1", "2"})
  int threads;

  /** Input channels, side of the square input, output channels, side of the kernel, padding. */
  @Param({
    "1,28,20,5,0",
    "20,12,50,5,0",
    "64,32,64,3,1",
    "128,16,128,3,1",
    "256,8,256,3,1",
    "512,4,512,3,1",
    "512,2,512,3,1",
    "16,28,16,3,1",
    "64,7,64,3,1"
  })
  String layer = "";

  private Backend backend =
      CpuBackend.of(
          KernelChoice.choose(KernelPreference.SCALAR).kernels(),
          MatrixMultiplyChoice.choose(MatrixMultiplyPreference.JAVA).multiply(),
          Workers.direct());
  private ConvolutionGeometry geometry =
      new ConvolutionGeometry(1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1);
  private Tensor x = Tensor.scalar(0f);
  private Tensor w = x;
  private Tensor g = x;
  private final BufferPool pool = new BufferPool();

  /** Creates the benchmark; JMH calls {@link #prepare}. */
  public ConvolutionBenchmark() {}

  /** Fills the tensors. */
  @Setup
  public void prepare() {
    backend =
        CpuBackend.of(
            KernelChoice.choose(KernelPreference.SCALAR).kernels(),
            MatrixMultiplyChoice.choose(MatrixMultiplyPreference.named(multiplication)).multiply(),
            Workers.of(threads));
    int[] size = Arrays.stream(layer.split(",", -1)).mapToInt(Integer::parseInt).toArray();
    geometry =
        new ConvolutionGeometry(
            BATCH, size[0], size[1], size[1], size[2], size[3], size[3], 1, 1, size[4], size[4], 1,
            1, 1);
    Random random = new Random(1);
    x = random(random, BATCH, size[0], size[1], size[1]);
    w = random(random, size[2], size[0], size[3], size[3]);
    g = random(random, BATCH, size[2], geometry.outHeight(), geometry.outWidth());
  }

  private static Tensor random(Random random, long n, long c, long h, long w) {
    return Tensor.of(RowKernelBenchmark.gaussian(random, (int) (n * c * h * w)), n, c, h, w);
  }

  /** The output. */
  @Benchmark
  public Object forward() {
    try (Arena arena = pool.open()) {
      return backend.withMemory(arena).convolution(x, w, null, geometry);
    }
  }

  /** The gradient of the input. */
  @Benchmark
  public Object inputGradient() {
    try (Arena arena = pool.open()) {
      return backend.withMemory(arena).convolutionInputGradient(g, w, geometry);
    }
  }

  /** The gradient of the weight. */
  @Benchmark
  public Object weightGradient() {
    try (Arena arena = pool.open()) {
      return backend.withMemory(arena).convolutionWeightGradient(x, g, geometry);
    }
  }
}
