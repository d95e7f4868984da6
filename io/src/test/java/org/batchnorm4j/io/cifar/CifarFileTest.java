package org.batchnorm4j.io.cifar;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.batchnorm4j.io.FormatException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarFileTest {
  @TempDir Path directory;

  @Test
  void recordsAreReadBehindOthers() throws IOException {
    byte[] bytes = records(3, 9);
    bytes[1] = 11; // first value of the first picture
    bytes[2 * 3073 - 1] = 22; // last value of the second
    CifarFile file = CifarFile.open(write(bytes));
    assertEquals(2, file.count());
    byte[] images = new byte[3 * 3072];
    byte[] labels = {5, 5, 5};
    file.read(images, labels, 1);
    assertArrayEquals(new byte[] {5, 3, 9}, labels);
    assertEquals(11, images[3072]);
    assertEquals(22, images[3 * 3072 - 1]);
    assertThrows(IndexOutOfBoundsException.class, () -> file.read(images, labels, 2));
  }

  @Test
  void labelsAboveNineAreRefused() throws IOException {
    CifarFile file = CifarFile.open(write(records(3, 10)));
    FormatException e =
        assertThrows(FormatException.class, () -> file.read(new byte[2 * 3072], new byte[2], 0));
    assertEquals(
        file.path() + ": label 10 of record 1 at byte 3073 is not in 0 to 9", e.getMessage());
  }

  @Test
  void cutAndEmptyFilesAreRefused() throws IOException {
    Path cut = write(Arrays.copyOf(records(3, 9), 5000));
    FormatException e = assertThrows(FormatException.class, () -> CifarFile.open(cut));
    assertEquals(
        cut
            + ": record 1 at byte 3073 is cut short: the file ends at byte 5000, but each record"
            + " has 3073 bytes",
        e.getMessage());
    Path empty = write(new byte[0]);
    e = assertThrows(FormatException.class, () -> CifarFile.open(empty));
    assertEquals(empty + ": the file is empty, expected records of 3073 bytes", e.getMessage());
  }

  private static byte[] records(int... labels) {
    byte[] bytes = new byte[labels.length * 3073];
    for (int i = 0; i < labels.length; i++) {
      bytes[i * 3073] = (byte) labels[i];
    }
    return bytes;
  }

  private Path write(byte[] bytes) throws IOException {
    return Files.write(Files.createTempFile(directory, "batch", ".bin"), bytes);
  }
}
