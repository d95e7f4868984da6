package org.batchnorm4j.fuzzing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.util.stream.Stream;
import org.batchnorm4j.io.cifar.CifarFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.provider.MethodSource;

/** Records of CIFAR-10. */
final class CifarFuzzTest {
  private static final int RECORD = 1 + CifarFile.IMAGE_BYTES;
  private static final ReaderTrial TRIAL = new ReaderTrial();

  @AfterAll
  static void close() throws IOException {
    TRIAL.close();
  }

  /** One record and two, of which the second has a label out of range. */
  static Stream<byte[]> seeds() {
    byte[] two = new byte[2 * RECORD];
    two[RECORD] = 10;
    byte[] one = new byte[RECORD];
    one[0] = 9;
    return Stream.of(one, two);
  }

  @MethodSource("seeds")
  @FuzzTest
  void recordsAreReadOrRefused(byte[] bytes) throws IOException {
    TRIAL.read(
        bytes,
        0,
        path -> {
          CifarFile file = CifarFile.open(path);
          byte[] images = new byte[file.count() * CifarFile.IMAGE_BYTES];
          byte[] labels = new byte[file.count()];
          file.read(images, labels, 0);
          byte[] all = new byte[file.count() * RECORD];
          for (int i = 0; i < file.count(); i++) {
            all[i * RECORD] = labels[i];
            System.arraycopy(
                images, i * CifarFile.IMAGE_BYTES, all, i * RECORD + 1, CifarFile.IMAGE_BYTES);
          }
          assertArrayEquals(bytes, all);
        });
  }
}
