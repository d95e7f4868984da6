package org.batchnorm4j.benchmarks;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.Consumer;
import org.batchnorm4j.autograd.Objectives;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.kernel.ScalarKernels;
import org.batchnorm4j.nn.AdaptiveAvgPool2d;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv2dOptions;
import org.batchnorm4j.nn.Flatten;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.MaxPool2d;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.optim.Adam;
import org.batchnorm4j.optim.Optimizer;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Backend;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.JavaMatrixMultiply;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.tensor.Workers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainingStepHeapTest {
  private static final int BATCH = 16;
  private static final int CHANNELS = 32;
  private static final int SIDE = 16;
  private static final int WARM_UP = 3;

  /** Objects and short arrays of a step; the first compiler and no compiler make all of them. */
  private static final long SMALL_OBJECTS = 96 << 10;

  private final BufferPool pool = new BufferPool();
  private final Backend backend =
      CpuBackend.of(new ScalarKernels(), new JavaMatrixMultiply(), Workers.direct());

  /**
   * One output of a convolution has {@code 4 * 16 * 32 * 16 * 16} bytes, half a MiB, its moments
   * and constants have a few KiB. What a step takes from the heap is to stay far below the first,
   * so any such array made anew shows.
   */
  @Test
  void noTensorOfAStepIsMadeAnewOnceAFewStepsWereTaken() {
    Module model = model();
    Optimizer optimizer = new Adam(model.parameters(), 1e-3);
    Tensor images = Tensor.randn(RandomStream.named("images", 1), BATCH, 3, SIDE, SIDE);
    Tensor labels = Tensor.of(new long[BATCH], BATCH);
    long bytes =
        bytesOfAStep(
            pass -> {
              Tensor loss = Objectives.crossEntropy(model.forward(images, pass), labels, pass);
              optimizer.step(pass.backward(loss));
            });
    assertTrue(bytes < SMALL_OBJECTS, "the last step took " + bytes + " bytes from the heap");
  }

  /**
   * A layer keeps mean, M2, inverse deviation, scale and shift of each channel for the way back,
   * and there makes two sums: seven arrays of float64. With 4096 channels any other array with a
   * value per channel shows beside the small objects.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void batchNormMakesSevenArraysWithAValuePerChannel(int length) {
    int channels = 4096;
    BatchNorm1d norm = new BatchNorm1d(channels);
    RandomStream random = RandomStream.named("values", 1);
    Tensor x = Tensor.randn(random, 8, channels, length);
    Tensor g = Tensor.randn(random, 8, channels, length);
    long bytes = bytesOfAStep(pass -> pass.backward(norm.forward(pass.watch(x), pass), g, false));
    long arrays = 7L * Double.BYTES * channels;
    long most = arrays + Float.BYTES * channels;
    assertTrue(bytes >= arrays, "only " + bytes + " bytes: write here what has become better");
    assertTrue(bytes < most, "the last step took " + bytes + " bytes from the heap, not " + arrays);
  }

  private long bytesOfAStep(Consumer<Pass> step) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long bytes = 0;
    for (int i = 0; i <= WARM_UP; i++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      try (Arena arena = pool.open()) {
        step.accept(Pass.training().withBackend(backend).withMemory(arena));
      }
      bytes = threads.getCurrentThreadAllocatedBytes() - before;
    }
    return bytes;
  }

  private static Module model() {
    RandomStream random = RandomStream.named("weights", 1);
    Conv2dOptions same = Conv2dOptions.kernel(3).withPadding(1).withBias(false);
    return new Sequential(
        new Conv2d(3, CHANNELS, same, random),
        new BatchNorm2d(CHANNELS),
        new ReLU(),
        new Conv2d(CHANNELS, CHANNELS, same, random),
        new BatchNorm2d(CHANNELS),
        new ReLU(),
        new MaxPool2d(2),
        new AdaptiveAvgPool2d(1),
        new Flatten(),
        new Linear(CHANNELS, 10, true, random));
  }
}
