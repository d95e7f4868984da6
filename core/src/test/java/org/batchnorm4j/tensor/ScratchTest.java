package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

class ScratchTest {
  private final Scratch<float[]> scratch = new Scratch<>(float[]::new);

  @Test
  void anArrayThatCameBackServesRequestsOfTheSameClass() {
    float[] first = scratch.borrow(700);
    assertEquals(1024, first.length);
    scratch.giveBack(700, first);
    assertSame(first, scratch.borrow(1024));
  }

  @Test
  void anArrayIsLentToOneBorrowerAtATime() {
    float[] first = scratch.borrow(700);
    assertNotSame(first, scratch.borrow(700));
  }

  @Test
  void otherClassesGetArraysOfTheirOwn() {
    float[] first = scratch.borrow(1024);
    scratch.giveBack(1024, first);
    assertEquals(512, scratch.borrow(512).length);
    assertEquals(2048, scratch.borrow(1025).length);
    assertEquals(1, scratch.borrow(0).length);
    assertEquals(1, scratch.borrow(1).length);
  }
}
