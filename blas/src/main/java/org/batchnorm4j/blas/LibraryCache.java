package org.batchnorm4j.blas;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.batchnorm4j.tensor.MatrixMultiplyUnavailableException;

/**
 * Copies native libraries out of their jar into a directory of the user, once. A file is written
 * aside and renamed, so processes that start at the same time cannot disturb each other; a file
 * whose contents differ from the jar's is replaced. Safe for use by many threads and processes.
 */
final class LibraryCache {
  private static final int BUFFER = 1 << 16;

  private final Path root;

  LibraryCache(Path root) {
    this.root = root;
  }

  /**
   * The cache in the place that the system property {@code batchnorm4j.cache} names, else in the
   * user's usual one.
   */
  static LibraryCache ofUser() {
    return new LibraryCache(
        place(
            System.getProperty("batchnorm4j.cache", ""),
            System.getenv().getOrDefault("XDG_CACHE_HOME", ""),
            System.getProperty("user.home", "")));
  }

  static Path place(String property, String cacheHome, String userHome) {
    if (!property.isEmpty()) {
      return Path.of(property).toAbsolutePath();
    }
    Path caches = Path.of(cacheHome);
    return (cacheHome.isEmpty() || !caches.isAbsolute() ? Path.of(userHome, ".cache") : caches)
        .resolve("batchnorm4j")
        .toAbsolutePath();
  }

  /**
   * Makes sure that all libraries of the platform lie side by side and returns the first.
   *
   * @throws MatrixMultiplyUnavailableException if the jar is missing or a file cannot be written
   */
  Path unpack(NativePlatform platform, ClassLoader loader)
      throws MatrixMultiplyUnavailableException {
    URL first = loader.getResource(platform.resource(platform.libraries().getFirst()));
    if (first == null) {
      throw new MatrixMultiplyUnavailableException(
          "the libraries for "
              + platform.name()
              + " were not found; add the jar org.bytedeco:openblas with classifier "
              + platform.name()
              + " to the class path");
    }
    Path directory = root;
    try {
      Contents wanted = Contents.of(first);
      directory =
          root.resolve("openblas-" + platform.name() + "-" + Long.toHexString(wanted.checksum()));
      Files.createDirectories(directory);
      for (String library : platform.libraries()) {
        URL source = loader.getResource(platform.resource(library));
        if (source == null) {
          throw new IOException(library + " is missing in the jar");
        }
        refresh(source, directory.resolve(library));
      }
      return directory.resolve(platform.libraries().getFirst());
    } catch (IOException e) {
      throw new MatrixMultiplyUnavailableException(
          "the libraries cannot be unpacked into "
              + directory
              + " ("
              + e
              + "); name a directory that can be written with -Dbatchnorm4j.cache=DIR",
          e);
    }
  }

  private static void refresh(URL source, Path target) throws IOException {
    Contents wanted = Contents.of(source);
    if (Files.isRegularFile(target)
        && Files.size(target) == wanted.size()
        && Contents.of(target).equals(wanted)) {
      return;
    }
    Path aside = Files.createTempFile(target.getParent(), target.getFileName().toString(), ".part");
    try {
      try (InputStream in = source.openStream()) {
        Files.copy(in, aside, StandardCopyOption.REPLACE_EXISTING);
      }
      Contents written = Contents.of(aside);
      if (!written.equals(wanted)) {
        throw new IOException(target.getFileName() + " was not written in full");
      }
      Files.move(
          aside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(aside);
    }
  }

  /**
   * What tells one version of a file from another: guards against torn and stale files, not against
   * an attacker.
   */
  private record Contents(long size, long checksum) {

    static Contents of(URL source) throws IOException {
      if (source.openConnection() instanceof JarURLConnection jar
          && jar.getJarEntry().getCrc() != -1) {
        return new Contents(jar.getJarEntry().getSize(), jar.getJarEntry().getCrc());
      }
      CRC32 checksum = new CRC32();
      try (CheckedInputStream in = new CheckedInputStream(source.openStream(), checksum)) {
        long size = in.transferTo(java.io.OutputStream.nullOutputStream());
        return new Contents(size, checksum.getValue());
      }
    }

    static Contents of(Path file) throws IOException {
      CRC32 checksum = new CRC32();
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
      long size = 0;
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        while (channel.read(buffer) >= 0) {
          buffer.flip();
          size += buffer.remaining();
          checksum.update(buffer);
          buffer.clear();
        }
      }
      return new Contents(size, checksum.getValue());
    }
  }
}
