package org.batchnorm4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class DatasetTest {
  private static final ImageShape PAIR = new ImageShape(1, 1, 2);
  private static final Normalisation PLAIN = Normalisation.grey(0, 1);

  @Test
  void rangeOfARangeCountsFromItsOwnStart() {
    byte[] pixels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    Dataset all = Dataset.of("x", PAIR, 5, PLAIN, pixels, new byte[] {0, 1, 2, 3, 4});
    Dataset inner = all.range(1, 5).range(2, 4);
    assertEquals(2, inner.size());
    assertEquals(3, inner.label(0));
    assertEquals(4, inner.label(1));
    byte[] picture = new byte[3];
    inner.copyPixels(0, picture, 1);
    assertArrayEquals(new byte[] {0, 6, 7}, picture);
    assertThrows(IndexOutOfBoundsException.class, () -> inner.label(2));
    assertThrows(IndexOutOfBoundsException.class, () -> inner.copyPixels(-1, picture, 0));
    assertThrows(IndexOutOfBoundsException.class, () -> inner.range(0, 3));
  }

  @Test
  void sizesThatDoNotAgreeAreRefused() {
    assertEquals(
        "data set x has 3 pixel values, expected 2 pictures of 2",
        refusal(() -> Dataset.of("x", PAIR, 5, PLAIN, new byte[3], new byte[2])));
    assertEquals(
        "label 5 of picture 1 in data set x is not below the number of classes, 5",
        refusal(() -> Dataset.of("x", PAIR, 5, PLAIN, new byte[4], new byte[] {4, 5})));
    assertEquals(
        "data set x of shape (1, 1, 2) got a normalisation for 3 channels",
        refusal(() -> Dataset.of("x", PAIR, 5, Normalisation.CIFAR10, new byte[4], new byte[2])));
    assertEquals(
        "data set x has 257 classes, expected 1 to 256",
        refusal(() -> Dataset.of("x", PAIR, 257, PLAIN, new byte[4], new byte[2])));
    assertEquals(
        "image shape (3, 65536, 65536) has more than 2^31 - 1 values",
        refusal(() -> new ImageShape(3, 65536, 65536)));
    assertEquals(
        "normalisation has 1 means but 2 deviations",
        refusal(() -> new Normalisation(List.of(0.0), List.of(1.0, 1.0))));
  }

  private static String refusal(Runnable action) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, action::run).getMessage());
  }
}
