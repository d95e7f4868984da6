package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScratchTest {
  private final List<Integer> allocated = new ArrayList<>();
  private final Scratch<float[]> scratch =
      new Scratch<>(
          length -> {
            allocated.add(length);
            return new float[length];
          });

  @Test
  void anArrayThatCameBackServesRequestsOfTheSameClass() {
    float[] first = scratch.borrow(700);
    assertEquals(1024, first.length);
    scratch.giveBack(700, first);
    assertSame(first, scratch.borrow(1024));
  }

  @Test
  void anArrayIsLentToOneBorrowerAtATime() {
    for (int length : new int[] {700, 70_000}) {
      float[] first = scratch.borrow(length);
      assertNotSame(first, scratch.borrow(length));
      scratch.giveBack(length, first);
      assertSame(first, scratch.borrow(length));
      assertNotSame(first, scratch.borrow(length));
    }
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

  @Test
  void aLargeArrayIsNoLongerThanAskedFor() {
    assertEquals(70_000, scratch.borrow(70_000).length);
  }

  @Test
  void largeArraysServeShorterRequestsTheShortestThatFitsFirst() {
    float[] longer = scratch.borrow(300_000);
    float[] shorter = scratch.borrow(200_000);
    scratch.giveBack(300_000, longer);
    scratch.giveBack(200_000, shorter);
    assertSame(shorter, scratch.borrow(100_000));
    assertSame(longer, scratch.borrow(100_000));
  }

  @Test
  void stepsOfEqualRequestsTakeFreshMemoryInTheFirstOnly() {
    int[][] layers = {{66_816, 132_352}, {132_352, 263_424}, {525_568, 132_352}, {66_816, 66_816}};
    int[] after = new int[3];
    for (int step = 0; step < after.length; step++) {
      for (int[] layer : layers) {
        float[] first = scratch.borrow(layer[0]);
        float[] second = scratch.borrow(layer[1]);
        scratch.giveBack(layer[1], second);
        scratch.giveBack(layer[0], first);
      }
      after[step] = allocated.size();
    }
    assertEquals(after[0], after[1], "arrays made until the second step");
    assertEquals(after[0], after[2], "arrays made until the third step");
    assertEquals(525_568, scratch.borrow(300_000).length);
    assertEquals(132_352, scratch.borrow(1 << 17).length);
    int before = allocated.size();
    scratch.borrow(66_000); // two arrays were lent at a time, so there are no more
    assertEquals(before + 1, allocated.size());
  }
}
