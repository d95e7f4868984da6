package org.batchnorm4j.fuzzing;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** Gives one reader a file of given bytes and watches what it takes. Belongs to one thread. */
final class ReaderTrial implements AutoCloseable {
  /** More than any reader's buffers. */
  private static final long BUFFERS = 4L << 20;

  /** Text, its tree of names and its message; far below what a bomb takes. */
  private static final long PER_BYTE = 400;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Path directory;
  private final Path file;

  ReaderTrial() {
    try {
      directory = Files.createTempDirectory("fuzzing");
      file = directory.resolve("file");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** A reader; what it throws besides {@code IOException} is a finding. */
  interface Reader {
    void read(Path file) throws IOException;
  }

  /**
   * Lets a reader read the bytes.
   *
   * @param allowed bytes that the reader's limits allow it to take for the content
   */
  void read(byte[] bytes, long allowed, Reader reader) throws IOException {
    Files.write(file, bytes);
    long most = BUFFERS + PER_BYTE * bytes.length + allowed;
    if (taken(reader) <= most) {
      return;
    }
    // the first time, classes were loaded and instrumented on this thread
    long taken = taken(reader);
    if (taken > most) {
      throw new AssertionError(
          bytes.length
              + " bytes made the reader take "
              + taken
              + " bytes, expected at most "
              + most);
    }
  }

  private long taken(Reader reader) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    try {
      reader.read(file);
    } catch (IOException refused) {
      String message = refused.getMessage();
      if (message == null || message.indexOf('\n') >= 0) {
        throw new AssertionError("a refusal is one line that says why", refused);
      }
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  Path beside(String name) {
    return directory.resolve(name);
  }

  @Override
  public void close() throws IOException {
    try (var files = Files.list(directory)) {
      for (Path left : files.toList()) {
        Files.delete(left);
      }
    }
    Files.delete(directory);
  }
}
