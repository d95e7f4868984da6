package org.batchnorm4j.benchmarks;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.batchnorm4j.autograd.Objectives;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.kernel.ScalarKernels;
import org.batchnorm4j.nn.AdaptiveAvgPool2d;
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

class TrainingStepHeapTest {
  private static final int BATCH = 16;
  private static final int CHANNELS = 32;
  private static final int SIDE = 16;

  /**
   * One output of a convolution has {@code 4 * 16 * 32 * 16 * 16} bytes, half a MiB. What a step
   * takes from the heap, arrays with a value per channel and small objects whether compiled or not,
   * is to stay below half of that, so any such array made anew shows.
   */
  @Test
  void noTensorOfAStepIsMadeAnewOnceAFewStepsWereTaken() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Module model = model();
    Optimizer optimizer = new Adam(model.parameters(), 1e-3);
    Tensor images = Tensor.randn(RandomStream.named("images", 1), BATCH, 3, SIDE, SIDE);
    Tensor labels = Tensor.of(new long[BATCH], BATCH);
    Backend backend =
        CpuBackend.of(new ScalarKernels(), new JavaMatrixMultiply(), Workers.direct());
    BufferPool pool = new BufferPool();
    long bytes = 0;
    for (int step = 0; step < 4; step++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      try (Arena arena = pool.open()) {
        Pass pass = Pass.training().withBackend(backend).withMemory(arena);
        Tensor loss = Objectives.crossEntropy(model.forward(images, pass), labels, pass);
        optimizer.step(pass.backward(loss));
      }
      bytes = threads.getCurrentThreadAllocatedBytes() - before;
    }
    long tensor = 4L * BATCH * CHANNELS * SIDE * SIDE;
    assertTrue(bytes < tensor / 2, "the last step took " + bytes + " bytes from the heap");
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
