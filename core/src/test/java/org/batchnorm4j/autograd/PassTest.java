package org.batchnorm4j.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

class PassTest {

  @Test
  void graphsOfAHundredThousandOperationsNeedNoStack() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.full(1, DType.FLOAT64));
    Tensor y = x;
    for (int i = 0; i < 100_000; i++) {
      y = pass.add(y, x);
    }
    assertEquals(100_001, pass.backward(y).of(x).item());
    Tensor gradient = pass.backward(pass.mul(y, y), true).of(x);
    assertEquals(2 * 100_001.0 * 100_001.0, pass.backward(gradient).of(x).item());
  }

  @Test
  void aLossThatDependsOnNothingWatchedIsRefusedWithTheReason() {
    Pass pass = Pass.training();
    Tensor x = Tensor.ones(2);
    Tensor loss = pass.sum(x);
    IllegalStateException thrown =
        assertThrows(IllegalStateException.class, () -> pass.backward(loss));
    assertEquals(
        "backward: the loss of shape () does not depend on anything this pass watches; compute it"
            + " with operations of the pass (pass.mul(a, b), model.forward(x, pass)), those of"
            + " Tensor are not recorded",
        thrown.getMessage());
    pass.watch(x); // too late for what was computed before
    assertThrows(IllegalStateException.class, () -> pass.backward(loss));
    assertThrows(IllegalStateException.class, () -> pass.backward(x.sum()));
  }

  @Test
  void backwardNeedsATapeAndOneNumber() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.ones(2));
    Tensor y = pass.square(x);
    assertEquals(
        "backward starts from one number, this tensor has shape (2); reduce it with pass.sum or"
            + " pass.mean, or give the gradient of the output",
        assertThrows(IllegalStateException.class, () -> pass.backward(y)).getMessage());
    assertEquals(
        "backward on a pass without a tape; start from Pass.training() or"
            + " Pass.inference().recording()",
        assertThrows(
                IllegalStateException.class, () -> Pass.inference().backward(Tensor.scalar(1f)))
            .getMessage());
    assertEquals(
        "backward: the gradient of shape () does not fit the output of shape (2)",
        assertThrows(ShapeException.class, () -> pass.backward(y, Tensor.scalar(1f), false))
            .getMessage());
    assertEquals(
        "watch: gradients exist for floating-point types, the tensor of shape () is int64; convert"
            + " it with to(DType.FLOAT32) and watch the result",
        assertThrows(IllegalArgumentException.class, () -> pass.watch(Tensor.scalar(1L)))
            .getMessage());
  }

  @Test
  void aWatchedTensorIsItsOwnLoss() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.scalar(3f));
    assertEquals(1, pass.backward(x).of(x).item());
  }

  @Test
  void resultsOfThePassCanBeWatchedLikeLeaves() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.of(new float[] {1, 2}, 2));
    Tensor hidden = pass.watch(pass.square(x));
    Tensor loss = pass.sum(pass.add(pass.square(hidden), hidden));
    Gradients gradients = pass.backward(loss);
    assertArrayEquals(new float[] {3, 9}, gradients.of(hidden).toFloats());
    assertArrayEquals(new float[] {6, 36}, gradients.of(x).toFloats());
    assertEquals(1, pass.backward(pass.watch(loss)).of(loss).item());
  }

  @Test
  void leavesThatTheLossDoesNotNeedHaveNoGradient() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.ones(2));
    Tensor unused = pass.watch(Tensor.ones(3));
    Gradients gradients = pass.backward(pass.sum(x));
    assertTrue(gradients.find(unused).isEmpty());
    assertEquals(
        "no gradient for a tensor of shape (3): the loss does not depend on it through recorded"
            + " operations; watch it with pass.watch(tensor) before use and compute with the pass",
        assertThrows(IllegalStateException.class, () -> gradients.of(unused)).getMessage());
  }

  @Test
  void aTapeCanBeWalkedBackTwice() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.of(new float[] {1, -2}, 2));
    Tensor loss = pass.sum(pass.exp(pass.square(x)));
    assertArrayEquals(pass.backward(loss).of(x).toFloats(), pass.backward(loss).of(x).toFloats());
  }

  @Test
  void derivativesOfAnyOrderExist() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.scalar(2f));
    Tensor y = pass.square(pass.square(x)); // x^4
    Tensor first = pass.backward(y, true).of(x);
    Tensor second = pass.backward(first, true).of(x);
    Tensor third = pass.backward(second, true).of(x);
    Tensor fourth = pass.backward(third).of(x);
    assertEquals(32, first.item());
    assertEquals(48, second.item());
    assertEquals(48, third.item());
    assertEquals(24, fourth.item());
  }

  @Test
  void parametersUpdatedInPlaceServeTheNextPass() {
    Tensor w = Tensor.of(new float[] {1, 2}, 2);
    Pass first = Pass.training();
    Tensor before = first.backward(first.sum(first.square(first.watch(w)))).of(w);
    w.copyFrom(w.sub(before.mul(0.25)));
    assertArrayEquals(new float[] {0.5f, 1}, w.toFloats());
    assertArrayEquals(new float[] {2, 4}, before.toFloats());
    Pass second = Pass.training();
    Tensor after = second.backward(second.sum(second.square(second.watch(w)))).of(w);
    assertArrayEquals(new float[] {1, 2}, after.toFloats());
  }

  @Test
  void operationsThatReturnTheirInputKeepItsGradient() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.ones(2, 3));
    Tensor same = pass.expand(x, Shape.of(2, 3));
    assertSame(x, same);
    assertEquals(6, pass.backward(pass.sum(pass.mul(same, 2))).of(x).sum().item() / 2);
  }

  @Test
  void withoutATapeNothingIsRecorded() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.scalar(3f));
    Tensor constant = pass.withoutTape().square(x);
    assertFalse(pass.withoutTape().isRecording());
    assertEquals(9, pass.backward(pass.mul(constant, x)).of(x).item());
    assertSame(Pass.inference(), Pass.inference().withoutTape());
    assertSame(x, Pass.inference().watch(x));
  }

  @Test
  void modesAndRandomNumbersAreThoseAskedFor() {
    assertTrue(Pass.training().isTraining());
    assertFalse(Pass.inference().recording().isTraining());
    assertTrue(Pass.inference().recording().isRecording());
    Pass pass = Pass.training().withRandom(5, 7);
    long number = pass.random("dropout").nextLong();
    assertEquals(number, Pass.inference().withRandom(5, 7).random("dropout").nextLong());
    assertTrue(number != pass.random("dropout2").nextLong());
    assertTrue(number != pass.withRandom(5, 8).random("dropout").nextLong());
    assertTrue(number != pass.withRandom(7, 5).random("dropout").nextLong());
  }

  @Test
  void customOperationsStateTheirOwnBackward() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.scalar(3f));
    Tensor cube = Tensor.scalar(27f);
    pass.record("cube", cube, new Edge(x, (g, p) -> p.mul(g, p.mul(p.square(x), 3))));
    Tensor gradient = pass.backward(cube, true).of(x);
    assertEquals(27, gradient.item());
    assertEquals(18, pass.backward(gradient).of(x).item());

    Tensor wrong = Tensor.scalar(1f);
    pass.record("wrong", wrong, new Edge(x, (g, p) -> Tensor.ones(2)));
    assertEquals(
        "backward of wrong gave a gradient of shape (2) for an input of shape ()",
        assertThrows(ShapeException.class, () -> pass.backward(wrong)).getMessage());
  }

  @Test
  void emptyTensorsHaveGradientsOfTheirShape() {
    Pass pass = Pass.training();
    Tensor x = pass.watch(Tensor.zeros(2, 3, 0));
    Tensor w = pass.watch(Tensor.zeros(0, 4));
    Tensor y = pass.matmul(x, w);
    assertArrayEquals(new float[24], y.toFloats());
    Gradients gradients = pass.backward(pass.sum(y));
    assertEquals(x.shape(), gradients.of(x).shape());
    assertEquals(w.shape(), gradients.of(w).shape());
    Tensor none = pass.watch(Tensor.zeros(DType.FLOAT32, 0, 3));
    Tensor weight = pass.watch(Tensor.ones(5, 3));
    Gradients empty = pass.backward(pass.sum(Products.linear(none, weight, null, pass)));
    assertArrayEquals(new float[15], empty.of(weight).toFloats());
    assertEquals(Shape.of(0, 3), empty.of(none).shape());
  }
}
