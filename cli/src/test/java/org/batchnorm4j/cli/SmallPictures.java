package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.batchnorm4j.data.Dataset;
import org.batchnorm4j.data.DigitImages;

/** A directory with the t10k files of a very small MNIST: 160 digits, 40 of them for testing. */
final class SmallPictures {
  static final int COUNT = 160;
  static final int TEST = 40;

  /** Arguments for a run of a second: 120 pictures are 7 batches of 16 and one of 8. */
  static final String[] OPTIONS = {"--model", "mlp", "--batch-size", "16", "--holdout", "" + TEST};

  static final int BATCHES = 8;

  private SmallPictures() {}

  /** Writes the files; returns the word for {@code --data}. */
  static String writeTo(Path directory) throws IOException {
    Files.createDirectories(directory);
    Dataset digits = DigitImages.training(5, COUNT);
    ByteBuffer images = ByteBuffer.allocate(16 + COUNT * 784);
    images.putInt(0x803).putInt(COUNT).putInt(28).putInt(28);
    ByteBuffer labels = ByteBuffer.allocate(8 + COUNT);
    labels.putInt(0x801).putInt(COUNT);
    byte[] picture = new byte[784];
    for (int i = 0; i < COUNT; i++) {
      digits.copyPixels(i, picture, 0);
      images.put(picture);
      labels.put((byte) digits.label(i));
    }
    Files.write(directory.resolve("t10k-images-idx3-ubyte"), images.array());
    Files.write(directory.resolve("t10k-labels-idx1-ubyte"), labels.array());
    return "mnist:" + directory;
  }
}
