package org.batchnorm4j.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.batchnorm4j.io.FormatException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DataSourceTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cifar100:x | unknown data \"cifar100:x\"; ",
        "mnist | data \"mnist\" lacks its directory; ",
        "mnist: | data \"mnist:\" lacks its directory; ",
        "digits:x | data \"digits:x\" takes no directory; ",
        "digits: | data \"digits:\" takes no directory; ",
      })
  void wordsThatAreNoSourceAreExplained(String text, String message) {
    Exception e = assertThrows(IllegalArgumentException.class, () -> DataSource.parse(text));
    assertEquals(
        message.strip() + " expected digits, mnist:DIR, fashion-mnist:DIR or cifar10:DIR",
        e.getMessage());
  }

  @Test
  void digitsNeedNoFiles() throws IOException {
    Dataset test = DataSource.parse("digits").loadTest(0);
    assertEquals("digits test: 2000 pictures (1, 28, 28), 10 classes", test.toString());
    assertEquals(Normalisation.MNIST, test.normalisation());
  }

  @Test
  void trainingAndTestFilesAreRead() throws IOException {
    mnist("train", 3, 0);
    mnist("t10k", 2, 5);
    DataSplit split = source("fashion-mnist").load(0);
    assertEquals(
        "Fashion-MNIST training: 3 pictures (1, 2, 2), 10 classes", split.training().toString());
    assertEquals("Fashion-MNIST test: 2 pictures (1, 2, 2), 10 classes", split.test().toString());
    assertEquals(List.of(0, 1, 2), labels(split.training()));
    assertEquals(List.of(5, 6), labels(split.test()));
    assertEquals(Normalisation.FASHION_MNIST, split.test().normalisation());
    Exception e = assertThrows(IllegalArgumentException.class, () -> source("mnist").load(1));
    assertEquals(
        "holdout 1 has no use: " + directory + " holds files to train on and files to test with",
        e.getMessage());
  }

  @Test
  void holdoutKeepsTheLastOfTheTestFiles() throws IOException {
    mnist("t10k", 5, 3);
    DataSplit split = source("mnist").load(2);
    assertEquals(List.of(3, 4, 5), labels(split.training()));
    assertEquals(List.of(6, 7), labels(split.test()));
    byte[] pixels = new byte[4];
    split.test().copyPixels(0, pixels, 0);
    assertEquals(3 * 4, pixels[0]); // pictures are numbered on
    assertEquals(List.of(6, 7), labels(source("mnist").loadTest(2)));
    assertEquals(5, source("mnist").loadTest(0).size());
    Exception e = assertThrows(IllegalArgumentException.class, () -> source("mnist").load(5));
    assertEquals("holdout 5 of 5 pictures in MNIST t10k: expected 1 to 4", e.getMessage());
  }

  @Test
  void missingTrainingFilesSayWhatHelps() throws IOException {
    mnist("t10k", 2, 0);
    Exception e = assertThrows(FileNotFoundException.class, () -> source("mnist").load(0));
    assertEquals(
        "mnist:"
            + directory
            + ": train-images-idx3-ubyte and train-labels-idx1-ubyte (plain or .gz) are missing in "
            + directory
            + "; found t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte; with --holdout 2000 the last"
            + " 2000 pictures of the t10k files are kept for testing and the others trained on",
        e.getMessage());
  }

  @Test
  void missingFilesAndDirectoriesAreNamed() throws IOException {
    Path lost = directory.resolve("lost");
    Exception e =
        assertThrows(FileNotFoundException.class, () -> DataSource.parse("mnist:" + lost).load(0));
    assertEquals(
        "mnist:"
            + lost
            + ": train-images-idx3-ubyte and train-labels-idx1-ubyte (plain or .gz) are missing in "
            + lost
            + "; found no such directory; put the four files of MNIST there",
        e.getMessage());
    mnist("t10k", 2, 0);
    Files.delete(directory.resolve("t10k-labels-idx1-ubyte"));
    e = assertThrows(FileNotFoundException.class, () -> source("mnist").loadTest(0));
    assertEquals(
        "mnist:"
            + directory
            + ": t10k-labels-idx1-ubyte (plain or .gz) is missing in "
            + directory
            + "; found t10k-images-idx3-ubyte; put the test files of MNIST there",
        e.getMessage());
  }

  @Test
  void filesThatDoNotFitTogetherAreNamed() throws IOException {
    mnist("t10k", 3, 0);
    Path labels = directory.resolve("t10k-labels-idx1-ubyte");
    Files.write(labels, ByteBuffer.allocate(10).putInt(2049).putInt(2).array());
    FormatException e = assertThrows(FormatException.class, () -> source("mnist").loadTest(0));
    assertEquals(
        labels + ": number of items 2 at byte 4, but t10k-images-idx3-ubyte has 3 pictures",
        e.getMessage());
    mnist("t10k", 3, 8);
    e = assertThrows(FormatException.class, () -> source("mnist").loadTest(0));
    assertEquals(labels + ": label 10 at byte 10 is not in 0 to 9", e.getMessage());
  }

  @Test
  void cifarIsReadFromSixFiles() throws IOException {
    Path inside = Files.createDirectory(directory.resolve("cifar-10-batches-bin"));
    for (int i = 1; i <= 5; i++) {
      cifar(inside.resolve("data_batch_" + i + ".bin"), i);
    }
    cifar(inside.resolve("test_batch.bin"), 9);
    DataSplit split = source("cifar10").load(0);
    assertEquals(
        "CIFAR-10 training: 5 pictures (3, 32, 32), 10 classes", split.training().toString());
    assertEquals(List.of(1, 2, 3, 4, 5), labels(split.training()));
    byte[] pixels = new byte[3072];
    split.training().copyPixels(3, pixels, 0);
    assertEquals(4, pixels[3071]);
    assertEquals(List.of(9), labels(split.test()));
  }

  @Test
  void missingCifarFilesSayWhatHelps() throws IOException {
    Files.createFile(directory.resolve("data_batch_1"));
    Exception e = assertThrows(FileNotFoundException.class, () -> source("cifar10").load(0));
    assertEquals(
        "cifar10:"
            + directory
            + ": data_batch_1.bin is missing in "
            + directory
            + "; found data_batch_1; data_batch_1 belongs to the Python version of CIFAR-10, the"
            + " binary version is needed",
        e.getMessage());
    e = assertThrows(IllegalArgumentException.class, () -> source("cifar10").load(7));
    assertEquals(
        "holdout 7 has no use: cifar10:" + directory + " has a test set of its own",
        e.getMessage());
  }

  @Test
  void realMnistIsRead() throws IOException {
    Path real = SharedFiles.path("data/mnist");
    DataSplit split = DataSource.parse("mnist:" + real).load(2000);
    assertEquals(8000, split.training().size());
    assertEquals(2000, split.test().size());
    // the first labels of t10k, which every tutorial shows
    assertEquals(List.of(7, 2, 1, 0, 4), labels(split.training().range(0, 5)));
    long ink = 0;
    for (byte b : split.test().pixels()) {
      ink += b & 0xFF;
    }
    double mean = ink / 255.0 / split.test().pixels().length;
    assertTrue(mean > 0.132 && mean < 0.133, "mean of all of t10k " + mean);
  }

  private DataSource source(String word) {
    return DataSource.parse(word + ":" + directory);
  }

  private static List<Integer> labels(Dataset data) {
    return java.util.stream.IntStream.range(0, data.size()).mapToObj(data::label).toList();
  }

  /** Pictures of 2x2 whose values count up, with labels that count up from {@code label}. */
  private void mnist(String part, int count, int label) throws IOException {
    ByteBuffer images = ByteBuffer.allocate(16 + 4 * count);
    images.putInt(2051).putInt(count).putInt(2).putInt(2);
    ByteBuffer labels = ByteBuffer.allocate(8 + count).putInt(2049).putInt(count);
    for (int i = 0; i < 4 * count; i++) {
      images.put((byte) i);
    }
    for (int i = 0; i < count; i++) {
      labels.put((byte) (label + i));
    }
    Files.write(directory.resolve(part + "-images-idx3-ubyte"), images.array());
    Files.write(directory.resolve(part + "-labels-idx1-ubyte"), labels.array());
  }

  /** One record, all of it {@code value}. */
  private static void cifar(Path file, int value) throws IOException {
    byte[] record = new byte[3073];
    java.util.Arrays.fill(record, (byte) value);
    Files.write(file, record);
  }
}
