package org.batchnorm4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DigitImagesTest {

  @Test
  void bytesAreTheSameOnEveryMachine() throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update(DigitImages.training(1, 100).pixels());
    digest.update(DigitImages.test(1, 100).pixels());
    assertEquals(
        "0cc9214b3e3767f5d06279ad2ced120bc8d1b811e7f1c374bc182a1516b3e433",
        HexFormat.of().formatHex(digest.digest()));
  }

  @Test
  void longerSetBeginsWithTheShorterOne() {
    Dataset shorter = DigitImages.training(7, 30);
    Dataset longer = DigitImages.training(7, 50);
    assertArrayEquals(shorter.pixels(), Arrays.copyOf(longer.pixels(), shorter.pixels().length));
  }

  @Test
  void anotherSeedGivesOtherPictures() {
    assertFalse(
        Arrays.equals(DigitImages.training(1, 10).pixels(), DigitImages.training(2, 10).pixels()));
  }

  @Test
  void noTestPictureIsAmongTheTrainingPictures() {
    Set<ByteBuffer> seen = new HashSet<>();
    Dataset training = DigitImages.training(1, 1000);
    Dataset test = DigitImages.test(1, 1000);
    IntStream.range(0, 1000).forEach(i -> assertTrue(seen.add(picture(training, i))));
    IntStream.range(0, 1000).forEach(i -> assertTrue(seen.add(picture(test, i))));
  }

  @Test
  void classesTakeTurns() {
    Dataset digits = DigitImages.test(1, 25);
    assertEquals(10, digits.classes());
    for (int i = 0; i < 25; i++) {
      assertEquals(i % 10, digits.label(i));
    }
  }

  @Test
  void inkHasAboutTheStatisticsOfMnist() {
    Dataset digits = DigitImages.training(1, 2000);
    double sum = 0;
    double squares = 0;
    for (byte b : digits.pixels()) {
      double value = (b & 0xFF) / 255.0;
      sum += value;
      squares += value * value;
    }
    double mean = sum / digits.pixels().length;
    double deviation = Math.sqrt(squares / digits.pixels().length - mean * mean);
    // MNIST's t10k has 0.1325 and 0.3105
    assertEquals(0.1325, mean, 0.01);
    assertEquals(0.3105, deviation, 0.01);
  }

  @Test
  void inkLiesInTheMiddleOfThePicture() {
    Dataset digits = DigitImages.training(1, 500);
    for (int i = 0; i < digits.size(); i++) {
      ByteBuffer picture = picture(digits, i);
      double mass = 0;
      double x = 0;
      double y = 0;
      for (int p = 0; p < 784; p++) {
        int ink = picture.get(p) & 0xFF;
        mass += ink;
        int row = p / 28;
        x += ink * (p % 28 + 0.5);
        y += ink * (row + 0.5);
      }
      assertNotEquals(0, mass);
      // the shift has standard deviation 0.7; pressure, crossings and clutter add a little
      assertEquals(14, x / mass, 4, "picture " + i);
      assertEquals(14, y / mass, 4, "picture " + i);
    }
  }

  @Test
  void softmaxRegressionStaysUnder92Percent() {
    DataSplit digits = DigitImages.standard();
    SoftmaxRegression regression = new SoftmaxRegression(digits.training());
    double previous = Double.MAX_VALUE;
    double loss = Double.MAX_VALUE;
    for (int epoch = 0; epoch < 12; epoch++) {
      previous = loss;
      loss = regression.trainEpoch(epoch, 0.025 / (1 + 0.5 * epoch));
    }
    double accuracy = regression.accuracy(digits.test());
    // trained until an epoch changes the loss by less than 2 %: more of it would not help
    assertTrue(previous - loss < 0.02 * previous, previous + " -> " + loss);
    assertTrue(accuracy < 0.92, "too easy: " + accuracy);
    assertTrue(accuracy > 0.85, "too hard, or not trained: " + accuracy);
  }

  @Test
  void impossibleCountsAreRefused() {
    Exception e = assertThrows(IllegalArgumentException.class, () -> DigitImages.test(1, -1));
    assertEquals("asked for -1 pictures of digits, expected 0 to 2000000", e.getMessage());
  }

  private static ByteBuffer picture(Dataset digits, int index) {
    byte[] pixels = new byte[784];
    digits.copyPixels(index, pixels, 0);
    return ByteBuffer.wrap(pixels);
  }
}
