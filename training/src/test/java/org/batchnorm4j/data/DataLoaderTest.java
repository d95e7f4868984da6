package org.batchnorm4j.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.IntStream;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DataLoaderTest {

  @Test
  void imagesAreNormalisedPerChannel() {
    byte[] pixels = {0, 51, (byte) 255, 102, (byte) 204, 0};
    Normalisation constants = new Normalisation(List.of(0.2, 0.0, 0.5), List.of(0.5, 1.0, 0.25));
    Dataset data = Dataset.of("x", new ImageShape(3, 1, 2), 8, constants, pixels, new byte[] {7});
    try (Batches epoch = new DataLoader(data, LoaderOptions.evaluation(4)).epoch(0)) {
      Batch batch = epoch.next();
      assertEquals(Shape.of(1, 3, 1, 2), batch.images().shape());
      assertArrayEquals(
          new float[] {-0.4f, 0f, 1f, 0.4f, 1.2f, -2f}, batch.images().toFloats(), 1e-7f);
      assertEquals(DType.INT64, batch.labels().dtype());
      assertArrayEquals(new long[] {7}, batch.labels().toLongs());
      assertFalse(epoch.hasNext());
      assertThrows(NoSuchElementException.class, epoch::next);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "KEEP, 10, 4, 3, 10", "DROP_IF_SINGLE, 10, 4, 3, 10", "DROP, 10, 4, 2, 8",
    "KEEP, 9, 4, 3, 9", "DROP_IF_SINGLE, 9, 4, 2, 8", "DROP, 8, 4, 2, 8",
    "KEEP, 3, 4, 1, 3", "DROP, 3, 4, 0, 0", "DROP_IF_SINGLE, 1, 4, 0, 0",
    "DROP_IF_SINGLE, 3, 1, 3, 3", "KEEP, 0, 4, 0, 0",
  })
  void lastBatchFollowsItsRule(LastBatch rule, int size, int batch, int batches, int pictures) {
    LoaderOptions options = LoaderOptions.training(batch, 1).withLastBatch(rule);
    DataLoader loader = new DataLoader(numbered(size), options);
    assertEquals(batches, loader.batches());
    assertEquals(pictures, loader.picturesPerEpoch());
    List<Long> seen = pictures(loader, 0, 0);
    assertEquals(pictures, seen.size());
    assertEquals(pictures, new HashSet<>(seen).size());
  }

  @Test
  void orderBelongsToSeedAndEpoch() {
    Dataset data = numbered(100);
    List<Long> once = pictures(new DataLoader(data, LoaderOptions.training(7, 5)), 3, 0);
    assertEquals(once, pictures(new DataLoader(data, LoaderOptions.training(8, 5)), 3, 0));
    assertNotEquals(once, pictures(new DataLoader(data, LoaderOptions.training(7, 5)), 4, 0));
    assertNotEquals(once, pictures(new DataLoader(data, LoaderOptions.training(7, 6)), 3, 0));
    List<Long> inOrder = pictures(new DataLoader(data, LoaderOptions.evaluation(7)), 3, 0);
    assertEquals(IntStream.range(0, 100).mapToObj(i -> (long) i).toList(), inOrder);
    assertEquals(Set.copyOf(inOrder), Set.copyOf(once));
  }

  @Test
  void everyPlaceIsReachedAboutEquallyOften() {
    // where picture 0 goes in 2000 shuffles of 10: each place 200 times, standard deviation 13.4
    int[] counts = new int[10];
    DataLoader loader = new DataLoader(numbered(10), LoaderOptions.training(10, 1).withPrefetch(0));
    for (int epoch = 0; epoch < 2000; epoch++) {
      counts[pictures(loader, epoch, 0).indexOf(0L)]++;
    }
    for (int count : counts) {
      assertEquals(200, count, 5 * 13.4, Arrays.toString(counts));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 5})
  void prefetchAndRestartChangeNothing(int prefetch) {
    Dataset digits = DigitImages.training(1, 70);
    LoaderOptions options =
        LoaderOptions.training(16, 9).withAugmentation(Augmentation.cropAndFlip());
    List<float[]> expected = images(new DataLoader(digits, options.withPrefetch(0)), 2, 0);
    DataLoader loader = new DataLoader(digits, options.withPrefetch(prefetch));
    for (int first = 0; first <= expected.size(); first++) {
      List<float[]> rest = images(loader, 2, first);
      assertEquals(expected.size() - first, rest.size());
      for (int i = 0; i < rest.size(); i++) {
        assertArrayEquals(expected.get(first + i), rest.get(i));
      }
    }
  }

  @Test
  void cropShiftsByAtMostThePaddingAndFillsWithBlack() {
    // one bright pixel in the middle of 9x9 shows the shift
    byte[] pixels = new byte[81];
    pixels[40] = (byte) 255;
    Dataset data =
        Dataset.of(
            "dot", new ImageShape(1, 9, 9), 1, Normalisation.grey(0.5, 0.5), pixels, new byte[1]);
    LoaderOptions options =
        LoaderOptions.evaluation(1).withAugmentation(new Augmentation(2, false)).withPrefetch(0);
    DataLoader loader = new DataLoader(data, options);
    Set<Integer> places = new HashSet<>();
    for (int epoch = 0; epoch < 400; epoch++) {
      float[] image = images(loader, epoch, 0).getFirst();
      int bright = -1;
      for (int i = 0; i < 81; i++) {
        if (image[i] == 1f) {
          bright = i;
        } else {
          assertEquals(-1f, image[i]);
        }
      }
      places.add(bright);
    }
    // all 25 places of the inner 5x5; to miss one in 400 epochs has probability 25 * 0.96^400 =
    // 2e-6
    Set<Integer> inner = new HashSet<>();
    IntStream.range(0, 25).forEach(i -> inner.add((i / 5 + 2) * 9 + i % 5 + 2));
    assertEquals(inner, places);
  }

  @Test
  void flipMirrorsHalfOfThePictures() {
    byte[] pixels = {0, (byte) 128, (byte) 255, 10, 20, 30};
    Dataset data =
        Dataset.of("x", new ImageShape(1, 2, 3), 1, Normalisation.grey(0, 1), pixels, new byte[1]);
    LoaderOptions options =
        LoaderOptions.evaluation(1).withAugmentation(new Augmentation(0, true)).withPrefetch(0);
    DataLoader loader = new DataLoader(data, options);
    int mirrored = 0;
    for (int epoch = 0; epoch < 400; epoch++) {
      float[] image = images(loader, epoch, 0).getFirst();
      if (image[0] == 1f) {
        assertArrayEquals(floats(255, 128, 0, 30, 20, 10), image);
        mirrored++;
      } else {
        assertArrayEquals(floats(0, 128, 255, 10, 20, 30), image);
      }
    }
    assertEquals(200, mirrored, 50); // standard deviation 10
  }

  @Test
  void eachPictureHasChangesOfItsOwn() {
    // 40 equal pictures in one epoch; that all have the same 1 of 25 shifts has probability 25^-39
    byte[] pixels = new byte[40 * 81];
    for (int i = 0; i < 40; i++) {
      pixels[i * 81 + 40] = (byte) 255;
    }
    Dataset dots =
        Dataset.of(
            "dots", new ImageShape(1, 9, 9), 1, Normalisation.grey(0.5, 0.5), pixels, new byte[40]);
    LoaderOptions options =
        LoaderOptions.evaluation(1).withAugmentation(new Augmentation(2, false));
    Set<String> different = new HashSet<>();
    images(new DataLoader(dots, options), 0, 0).forEach(i -> different.add(Arrays.toString(i)));
    assertTrue(different.size() > 10, different.size() + " different pictures");
  }

  @Test
  void memoryIsUsedAgain() {
    DataLoader loader = new DataLoader(numbered(100), LoaderOptions.training(4, 1).withPrefetch(3));
    Set<float[]> arrays = java.util.Collections.newSetFromMap(new java.util.IdentityHashMap<>());
    for (int epoch = 0; epoch < 3; epoch++) {
      try (Batches batches = loader.epoch(epoch)) {
        batches.forEachRemaining(batch -> arrays.add(batch.images().unsafeFloatArray()));
      }
    }
    assertTrue(arrays.size() <= 5, arrays.size() + " buffers for a ring of prefetch + 2");
  }

  @Test
  void oneEpochIsOpenAtATime() {
    DataLoader loader = new DataLoader(numbered(100), LoaderOptions.training(4, 1));
    Batches epoch = loader.epoch(0);
    epoch.next();
    assertThrows(IllegalStateException.class, () -> loader.epoch(1));
    epoch.close();
    epoch.close();
    assertFalse(epoch.hasNext());
    assertThrows(IllegalStateException.class, epoch::next);
    assertEquals(100, pictures(loader, 1, 0).size());
    assertThrows(IndexOutOfBoundsException.class, () -> loader.epoch(0, 26));
    assertEquals(List.of(), pictures(loader, 0, 25));
  }

  @Test
  void impossibleOptionsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> LoaderOptions.training(0, 1));
    assertThrows(
        IllegalArgumentException.class, () -> LoaderOptions.evaluation(1).withPrefetch(-1));
    assertThrows(IllegalArgumentException.class, () -> new Augmentation(-1, false));
  }

  /** Pictures of one pixel, whose class numbers are those of the pictures. */
  private static Dataset numbered(int size) {
    byte[] labels = new byte[size];
    for (int i = 0; i < size; i++) {
      labels[i] = (byte) i;
    }
    return Dataset.of(
        "numbered", new ImageShape(1, 1, 1), 256, Normalisation.grey(0, 1), new byte[size], labels);
  }

  private static List<Long> pictures(DataLoader loader, long epoch, int first) {
    List<Long> seen = new ArrayList<>();
    try (Batches batches = loader.epoch(epoch, first)) {
      int index = first;
      while (batches.hasNext()) {
        Batch batch = batches.next();
        assertEquals(index++, batch.index());
        assertEquals(batch.size(), batch.images().axis(0));
        Arrays.stream(batch.labels().toLongs()).forEach(seen::add);
      }
    }
    return seen;
  }

  private static List<float[]> images(DataLoader loader, long epoch, int first) {
    List<float[]> images = new ArrayList<>();
    try (Batches batches = loader.epoch(epoch, first)) {
      batches.forEachRemaining(batch -> images.add(batch.images().toFloats()));
    }
    return images;
  }

  private static float[] floats(int... bytes) {
    float[] values = new float[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      values[i] = (float) (bytes[i] / 255.0);
    }
    return values;
  }
}
