package org.batchnorm4j.fuzzing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.batchnorm4j.io.ReadLimits;
import org.batchnorm4j.io.idx.IdxFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.provider.MethodSource;

/** IDX files, plain and packed, read as pictures and as labels. */
final class IdxFuzzTest {
  private static final ReadLimits LIMITS = ReadLimits.defaults().withUnpackedBytes(1 << 20);
  private static final ReaderTrial TRIAL = new ReaderTrial();

  @AfterAll
  static void close() throws IOException {
    TRIAL.close();
  }

  /** Three pictures, four labels and no labels, plain and packed. */
  static Stream<byte[]> seeds() throws IOException {
    byte[] pictures = idx(2051, 3, 2, 4);
    byte[] labels = idx(2049, 4);
    return Stream.of(pictures, labels, idx(2049, 0), packed(pictures), packed(labels));
  }

  private static byte[] idx(int magic, int... sizes) {
    int data = 1;
    for (int size : sizes) {
      data *= size;
    }
    ByteBuffer file = ByteBuffer.allocate(4 + 4 * sizes.length + data).putInt(magic);
    for (int size : sizes) {
      file.putInt(size);
    }
    for (int i = 0; i < data; i++) {
      file.put((byte) (i % 10));
    }
    return file.array();
  }

  private static byte[] packed(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  @MethodSource("seeds")
  @FuzzTest
  void fileIsReadWholeOrRefused(byte[] bytes) throws IOException {
    for (IdxFile.Kind kind : IdxFile.Kind.values()) {
      TRIAL.read(
          bytes,
          2 * LIMITS.unpackedBytes(),
          path -> {
            IdxFile file = IdxFile.open(path, kind, LIMITS);
            byte[] data = file.read();
            byte[] all =
                kind == IdxFile.Kind.IMAGES
                    ? header(2051, data, file.count(), file.height(), file.width())
                    : header(2049, data, file.count());
            assertArrayEquals(unpacked(path), all);
          });
    }
  }

  private static byte[] header(int magic, byte[] data, int... sizes) {
    ByteBuffer all = ByteBuffer.allocate(4 + 4 * sizes.length + data.length).putInt(magic);
    for (int size : sizes) {
      all.putInt(size);
    }
    return all.put(data).array();
  }

  private static byte[] unpacked(Path path) throws IOException {
    byte[] bytes = Files.readAllBytes(path);
    if (bytes[0] != 0x1f) {
      return bytes;
    }
    try (InputStream in = new GZIPInputStream(Files.newInputStream(path))) {
      return in.readAllBytes();
    }
  }
}
