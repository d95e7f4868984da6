package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RandomStreamTest {

  @Test
  void aSeedMeansTheSameNumbersForEver() {
    // computed by a separate program from the definition
    RandomStream random = RandomStream.of(42);
    assertEquals(6332618229526065668L, random.nextLong());
    assertEquals(-816328817471504299L, random.nextLong());
    assertEquals(0x1.dbca6ad7f4e9ap-1, RandomStream.of(42, 1, 2).nextDouble());
    assertEquals(-0.05514758347502203, RandomStream.of(-1).nextGaussian());
    assertEquals(721, RandomStream.of(7).nextInt(1000));
    assertEquals(-3563833635371457487L, RandomStream.named("layer1.bn", 3, 4).nextLong());
  }

  @Test
  void coordinatesGiveUnrelatedStreams() {
    Set<Long> first = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      for (int j = 0; j < 100; j++) {
        first.add(RandomStream.of(5, i, j).nextLong());
      }
      first.add(RandomStream.of(5, i).nextLong());
      first.add(RandomStream.named("a" + i, 5).nextLong());
    }
    assertEquals(100 * 100 + 200, first.size());
    // seed and step must not trade places, nor cancel where they are equal
    assertNotEquals(RandomStream.of(1, 0).nextLong(), RandomStream.of(0, 1).nextLong());
    assertNotEquals(RandomStream.of(1, 1).nextLong(), RandomStream.of(2, 2).nextLong());
  }

  @Test
  void uniformNumbersFillTheirIntervalEvenly() {
    RandomStream random = RandomStream.of(6);
    int n = 100_000;
    int[] tenths = new int[10];
    int[] sevenths = new int[7];
    for (int i = 0; i < n; i++) {
      tenths[(int) (10 * random.nextDouble())]++;
      sevenths[random.nextInt(7)]++;
    }
    // a count is binomial with deviation sqrt(n p (1 - p)) < 111; six deviations
    for (int count : tenths) {
      assertEquals(n / 10.0, count, 6 * 111);
    }
    for (int count : sevenths) {
      assertEquals(n / 7.0, count, 6 * 111);
    }
    assertEquals(
        "bound must be positive, but is 0",
        assertThrows(IllegalArgumentException.class, () -> random.nextInt(0)).getMessage());
  }

  @Test
  void normalNumbersHaveTheMomentsOfTheNormalDistribution() {
    RandomStream random = RandomStream.of(7);
    int n = 200_000;
    double[] powers = new double[5];
    for (int i = 0; i < n; i++) {
      double x = random.nextGaussian();
      double power = 1;
      for (int k = 0; k < powers.length; k++) {
        powers[k] += power / n;
        power *= x;
      }
    }
    // the moments 1 to 4 are 0, 1, 0, 3 with variances 1, 2, 15 and 96 per draw; six deviations
    double six = 6 / Math.sqrt(n);
    assertEquals(0, powers[1], six);
    assertEquals(1, powers[2], six * Math.sqrt(2));
    assertEquals(0, powers[3], six * Math.sqrt(15));
    assertEquals(3, powers[4], six * Math.sqrt(96));
  }

  @Test
  void uniformTensorsStayBelowTheirUpperEnd() {
    Tensor x = Tensor.uniform(RandomStream.of(8), 1, 1 + 0x1p-23, 1000);
    for (float value : x.toFloats()) {
      assertTrue(value >= 1 && value < 1 + 0x1p-23);
    }
    Tensor y = Tensor.uniform(RandomStream.of(8), -2, 3, 10_000);
    for (float value : y.toFloats()) {
      assertTrue(value >= -2 && value < 3);
    }
  }
}
