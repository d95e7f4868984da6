package org.batchnorm4j.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.idx.IdxFile;

/**
 * MNIST or a data set of the same form: pictures and labels in IDX files.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param files where the files are
 * @param normalisation the data set's constants
 */
record IdxDirectory(DataDirectory files, Normalisation normalisation) {
  private static final int CLASSES = 10;
  private static final String TRAINING = "train";
  private static final String TEST = "t10k";

  DataSplit load(int holdout) throws IOException {
    if (files.find(images(TRAINING)).isPresent() || files.find(labels(TRAINING)).isPresent()) {
      requireNoHoldout(holdout);
      Dataset training = read(TRAINING, "training");
      Dataset test = read(TEST, "test");
      if (!training.shape().equals(test.shape())) {
        throw new FormatException(
            file(TEST, images(TEST)),
            "pictures are " + test.shape() + ", those to train on are " + training.shape());
      }
      return new DataSplit(training, test);
    }
    if (holdout == 0) {
      boolean onlyTest = files.find(images(TEST)).isPresent();
      throw files.missing(
          images(TRAINING) + " and " + labels(TRAINING) + " (plain or .gz) are",
          onlyTest
              ? "with --holdout 2000 the last 2000 pictures of the t10k files are kept for testing"
                  + " and the others trained on"
              : "put the four files of " + files.title() + " there");
    }
    return DataSplit.holdingOut(read(TEST, "t10k"), holdout);
  }

  Dataset loadTest(int holdout) throws IOException {
    Dataset test = read(TEST, "test");
    if (holdout == 0) {
      return test;
    }
    if (files.find(images(TRAINING)).isPresent()) {
      requireNoHoldout(holdout);
    }
    return DataSplit.holdingOut(test, holdout).test();
  }

  private void requireNoHoldout(int holdout) {
    if (holdout > 0) {
      throw new IllegalArgumentException(
          "holdout "
              + holdout
              + " has no use: "
              + files.path()
              + " holds files to train on and files to test with");
    }
  }

  private Dataset read(String part, String use) throws IOException {
    IdxFile images = IdxFile.open(file(part, images(part)), IdxFile.Kind.IMAGES);
    IdxFile labels = IdxFile.open(file(part, labels(part)), IdxFile.Kind.LABELS);
    if (images.count() != labels.count()) {
      throw new FormatException(
          labels.path(),
          "number of items "
              + labels.count()
              + " at byte 4, but "
              + images.path().getFileName()
              + " has "
              + images.count()
              + " pictures");
    }
    if (images.count() == 0) {
      throw new FormatException(images.path(), "number of items 0 at byte 4: there is no picture");
    }
    byte[] classes = labels.read();
    for (int i = 0; i < classes.length; i++) {
      if ((classes[i] & 0xFF) >= CLASSES) {
        throw new FormatException(
            labels.path(),
            "label " + (classes[i] & 0xFF) + " at byte " + (8L + i) + " is not in 0 to 9");
      }
    }
    ImageShape shape = new ImageShape(1, images.height(), images.width());
    String name = files.title() + " " + use;
    return Dataset.of(name, shape, CLASSES, normalisation, images.read(), classes);
  }

  private Path file(String part, String name) throws IOException {
    Optional<Path> file = files.find(name);
    if (file.isEmpty()) {
      String which = part.equals(TEST) ? "test" : "training";
      throw files.missing(
          name + " (plain or .gz) is",
          "put the " + which + " files of " + files.title() + " there");
    }
    return file.get();
  }

  private static String images(String part) {
    return part + "-images-idx3-ubyte";
  }

  private static String labels(String part) {
    return part + "-labels-idx1-ubyte";
  }
}
