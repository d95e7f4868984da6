package org.batchnorm4j.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class VirtualLanesTest {

  @Test
  void stepsFillLanes0To15AndRestsEndAtLane31() {
    int[] lanes = IntStream.range(0, 19).map(i -> VirtualLanes.lane(i, 19)).toArray();
    assertArrayEquals(
        IntStream.concat(IntStream.range(0, 16), IntStream.range(29, 32)).toArray(), lanes);
    assertEquals(0, VirtualLanes.lane(16, 32));
    assertEquals(31, VirtualLanes.lane(0, 1));
    assertEquals(17, VirtualLanes.lane(0, 15));
  }

  @Test
  void foldAddsUpperHalvesToLowerHalves() {
    // 1 + 1e16 - 1e16 is 0 or 1, depending on what is added first
    double[] lanes = new double[VirtualLanes.COUNT];
    lanes[0] = 1e16;
    lanes[16] = -1e16;
    lanes[1] = 1;
    assertEquals(1, VirtualLanes.fold(lanes, 0));
    lanes = new double[VirtualLanes.COUNT];
    lanes[0] = 1e16;
    lanes[16] = 1;
    lanes[8] = -1e16;
    assertEquals(0, VirtualLanes.fold(lanes, 0));
    lanes = new double[VirtualLanes.COUNT];
    lanes[0] = 1e16;
    lanes[1] = 1;
    lanes[2] = -1e16;
    assertEquals(1, VirtualLanes.fold(lanes, 0));
  }
}
