package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.batchnorm4j.kernel.ScalarKernels;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.BinaryOperation;
import org.batchnorm4j.tensor.BufferPool;
import org.batchnorm4j.tensor.CpuBackend;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.JavaMatrixMultiply;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.tensor.UnaryOperation;
import org.batchnorm4j.tensor.WorkerThreads;
import org.batchnorm4j.tensor.Workers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class ThreadsAndMemoryTest {

  private static CpuBackend scalar(Workers workers) {
    return CpuBackend.of(new ScalarKernels(), new JavaMatrixMultiply(), workers);
  }

  private static void assertSameBits(List<Tensor> expected, List<Tensor> actual, String what) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i).shape(), actual.get(i).shape());
      assertArrayEquals(expected.get(i).toBytes(), actual.get(i).toBytes(), what + ", result " + i);
    }
  }

  @Test
  void everyNumberOfThreadsGivesTheSameBits() {
    List<Tensor> expected = Workload.run(Pass.inference().withBackend(scalar(Workers.direct())), 0);
    for (int threads : new int[] {2, 3, 7}) {
      try (WorkerThreads workers = Workers.of(threads)) {
        List<Tensor> actual = Workload.run(Pass.inference().withBackend(scalar(workers)), 0);
        assertSameBits(expected, actual, threads + " threads");
      }
    }
  }

  @Test
  void inferenceFromManyThreadsAtOnceGivesEqualResults() throws Exception {
    Tensor x = Tensor.randn(RandomStream.of(1), 8, 16, 20, 20);
    Tensor mean = Tensor.randn(RandomStream.of(2), 16);
    Tensor variance = Tensor.ones(16);
    Callable<byte[]> forward =
        () ->
            BatchNormalization.withGivenStatistics(
                    x, mean, variance, mean, variance, 1e-5, true, Pass.inference())
                .toBytes();
    byte[] expected = forward.call();
    try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
      List<Future<byte[]>> results = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        results.add(executor.submit(forward));
      }
      for (Future<byte[]> result : results) {
        assertArrayEquals(expected, result.get());
      }
    }
  }

  @Test
  void memoryThatWasUsedBeforeChangesNoBit() {
    CpuBackend backend = scalar(Workers.direct());
    BufferPool pool = new BufferPool();
    long allocated = 0;
    for (int step = 0; step < 3; step++) { // other numbers each time: leftovers would show
      List<Tensor> expected = Workload.run(Pass.inference().withBackend(backend), step);
      try (Arena arena = pool.open()) {
        Pass pass = Pass.inference().withBackend(backend).withMemory(arena);
        assertSameBits(expected, Workload.run(pass, step), "step " + step);
      }
      assertEquals(step == 0 ? pool.allocatedBytes() : allocated, pool.allocatedBytes());
      allocated = pool.allocatedBytes();
    }
  }

  @Test
  void tensorsOfAClosedArenaAreRefusedEverywhere() {
    BufferPool pool = new BufferPool();
    Tensor x;
    Tensor kept;
    try (Arena arena = pool.open()) {
      x = arena.allocate(DType.FLOAT32, Shape.of(2, 2, 2), Layout.CHANNELS_LAST).fill(3);
      kept = x.detach();
    }
    assertEquals(24, kept.sum().item());
    Tensor fine = Tensor.ones(2, 2, 2);
    Pass pass = Pass.inference();
    List<Executable> uses =
        List.of(
            x::toFloats,
            x::toDoubles,
            x::toLongs,
            x::toBytes,
            x::toString,
            x::detach,
            x::unsafeFloatArray,
            x::argmax,
            () -> x.at(0, 0, 0),
            () -> x.reshape(8),
            () -> x.range(0, 1),
            () -> x.to(DType.FLOAT64),
            () -> x.to(Layout.CHANNELS_FIRST),
            () -> x.fill(1),
            () -> x.copyFrom(fine),
            () -> fine.copyFrom(x),
            () -> x.add(fine),
            () -> fine.add(x),
            () -> fine.apply(BinaryOperation.EQ, x),
            () -> x.apply(UnaryOperation.RELU),
            () -> x.sum(),
            () -> x.mean(0),
            () -> x.var(true, 1),
            () -> x.matmul(Tensor.ones(2, 2)),
            () -> pass.permute(x, 2, 0, 1),
            () -> pass.expand(x, Shape.of(3, 2, 2, 2)),
            () -> pass.backend().channelMoments(x),
            () -> pass.backend().reluGradient(fine, x));
    for (int i = 0; i < uses.size(); i++) {
      IllegalStateException thrown =
          assertThrows(IllegalStateException.class, uses.get(i), "use " + i);
      assertEquals(
          "the arena of this tensor is closed and its memory is in use elsewhere; call detach() or"
              + " toFloats() before the arena closes to keep a value",
          thrown.getMessage());
    }
  }

  @Test
  void gradientsLieInTheMemoryOfThePassAndCanBeTakenOut() {
    BufferPool pool = new BufferPool();
    Tensor w = Tensor.of(new float[] {1, 2}, 2);
    Tensor gradient;
    Tensor kept;
    try (Arena arena = pool.open()) {
      Pass pass = Pass.training().withMemory(arena);
      pass.watch(w);
      gradient = pass.backward(pass.sum(pass.square(w))).of(w);
      kept = gradient.detach();
    }
    assertArrayEquals(new float[] {2, 4}, kept.toFloats());
    assertThrows(IllegalStateException.class, gradient::toFloats);
    Arena closed = pool.open();
    closed.close();
    closed.close(); // does nothing
    assertThrows(
        IllegalStateException.class,
        () -> closed.allocate(DType.FLOAT32, Shape.of(1), Layout.CHANNELS_FIRST));
  }

  @Test
  void backwardTakesNoMoreMemoryForMoreOperations() {
    assertEquals(bytesForBackward(3), bytesForBackward(30));
  }

  private static long bytesForBackward(int depth) {
    BufferPool pool = new BufferPool();
    Tensor x = Tensor.ones(1000);
    try (Arena arena = pool.open()) {
      Pass pass = Pass.training().withMemory(arena);
      Tensor y = pass.watch(x);
      for (int i = 0; i < depth; i++) {
        y = pass.add(pass.relu(y), x); // each sum of gradients leaves two behind
      }
      Tensor loss = pass.sum(y);
      long forward = pool.allocatedBytes();
      pass.backward(loss);
      return pool.allocatedBytes() - forward;
    }
  }

  @Test
  void gradientsThatWerePassedOnAreRefusedUnlessTheyAreRecorded() {
    for (boolean createGraph : new boolean[] {false, true}) {
      List<Tensor> seen = new ArrayList<>();
      Tensor x = Tensor.ones(3);
      try (Arena arena = new BufferPool().open()) {
        Pass pass = Pass.training().withMemory(arena);
        Tensor y = pass.mul(pass.watch(x), 2);
        Derivative keeps =
            (g, p) -> {
              seen.add(g);
              return p.mul(g, 3);
            };
        Tensor z =
            pass.record("triple", pass.backend().to(y.mul(3), DType.FLOAT32), new Edge(y, keeps));
        Gradients gradients = pass.backward(pass.sum(pass.square(z)), createGraph);
        assertArrayEquals(new float[] {72, 72, 72}, gradients.of(x).toFloats());
        Tensor g = seen.getFirst();
        if (createGraph) {
          assertArrayEquals(new float[] {12, 12, 12}, g.toFloats());
        } else {
          IllegalStateException thrown = assertThrows(IllegalStateException.class, g::toFloats);
          assertEquals(
              "the memory of this tensor was handed back to its arena and is in use elsewhere, as"
                  + " that of gradients between operations is during backward; call detach() or"
                  + " toFloats() before to keep a value",
              thrown.getMessage());
        }
      }
    }
  }

  @Test
  void aGradientThatLiesInAnotherStaysUntilBothArePassedOn() {
    Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 4);
    for (int step = 0; step < 2; step++) {
      try (Arena arena = new BufferPool().open()) {
        Pass pass = Pass.training().withMemory(arena);
        Tensor y = pass.square(pass.watch(x));
        Tensor flat = pass.reshape(y, 2, 2); // its gradient is a view of the other one's
        Tensor seed = arena.allocate(DType.FLOAT32, Shape.of(2, 2), Layout.CHANNELS_FIRST).fill(1);
        Tensor sum = pass.add(flat, flat);
        Gradients gradients = pass.backward(pass.watch(sum), seed, false);
        assertArrayEquals(new float[] {4, 8, 12, 16}, gradients.of(x).toFloats());
        assertArrayEquals(new float[] {1, 1, 1, 1}, gradients.of(sum).toFloats());
        assertArrayEquals(new float[] {1, 1, 1, 1}, seed.toFloats());
      }
    }
  }
}
