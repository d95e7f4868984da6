package org.batchnorm4j.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.cifar.CifarFile;

/**
 * CIFAR-10 in its binary version.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param files where the files are
 */
record CifarDirectory(DataDirectory files) {
  private static final ImageShape SHAPE = new ImageShape(3, 32, 32);
  private static final int CLASSES = 10;
  private static final List<String> TRAINING =
      List.of(
          "data_batch_1.bin",
          "data_batch_2.bin",
          "data_batch_3.bin",
          "data_batch_4.bin",
          "data_batch_5.bin");
  private static final List<String> TEST = List.of("test_batch.bin");

  DataSplit load() throws IOException {
    return new DataSplit(read(TRAINING, "training"), read(TEST, "test"));
  }

  Dataset loadTest() throws IOException {
    return read(TEST, "test");
  }

  private Dataset read(List<String> names, String use) throws IOException {
    List<CifarFile> open = new ArrayList<>();
    long count = 0;
    for (String name : names) {
      CifarFile file = CifarFile.open(file(name));
      open.add(file);
      count += file.count();
    }
    if (count * SHAPE.values() > Integer.MAX_VALUE - 8) {
      throw new FormatException(
          open.getLast().path(), count + " pictures up to here do not fit into an array");
    }
    byte[] pixels = new byte[(int) count * SHAPE.values()];
    byte[] labels = new byte[(int) count];
    int first = 0;
    for (CifarFile file : open) {
      file.read(pixels, labels, first);
      first += file.count();
    }
    String name = files.title() + " " + use;
    return Dataset.of(name, SHAPE, CLASSES, Normalisation.CIFAR10, pixels, labels);
  }

  private Path file(String name) throws IOException {
    Path inside = files.path().resolve("cifar-10-batches-bin").resolve(name);
    Path direct = files.path().resolve(name);
    if (Files.isRegularFile(direct)) {
      return direct;
    }
    if (Files.isRegularFile(inside)) {
      return inside;
    }
    String python = name.substring(0, name.length() - ".bin".length());
    throw files.missing(
        name + " is",
        Files.isRegularFile(files.path().resolve(python))
            ? python + " belongs to the Python version of CIFAR-10, the binary version is needed"
            : "put the six files of the binary version of CIFAR-10 there");
  }
}
