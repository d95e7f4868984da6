package org.batchnorm4j.blas;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.batchnorm4j.tensor.MatrixMultiplyUnavailableException;
import org.batchnorm4j.tensor.WorkerThreads;
import org.batchnorm4j.tensor.Workers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryCacheTest {
  private final NativePlatform platform =
      new NativePlatform("some-where", List.of("libfirst.so.0", "libsecond.so.5"));
  private final byte[] first = bytes(1, 200_000);
  private final byte[] second = bytes(2, 3_000);

  @TempDir Path temporary = Path.of("");

  @Test
  void librariesLieSideBySideAndNothingElseIsLeft() throws Exception {
    Path library = unpack("a.jar", first, second);
    assertEquals("libfirst.so.0", library.getFileName().toString());
    assertArrayEquals(first, Files.readAllBytes(library));
    assertArrayEquals(second, Files.readAllBytes(library.resolveSibling("libsecond.so.5")));
    try (Stream<Path> files = Files.list(library.getParent())) {
      assertEquals(2, files.count());
    }
  }

  @Test
  void aSecondStartWritesNothing() throws Exception {
    Path library = unpack("a.jar", first, second);
    Object before = Files.readAttributes(library, "*").get("fileKey");
    assertEquals(library, unpack("a.jar", first, second));
    assertEquals(before, Files.readAttributes(library, "*").get("fileKey"));
  }

  @Test
  void aDamagedFileIsReplaced() throws Exception {
    Path library = unpack("a.jar", first, second);
    byte[] flipped = first.clone();
    flipped[150_000] ^= 1;
    Files.write(library, flipped);
    Files.write(library.resolveSibling("libsecond.so.5"), new byte[17]);
    unpack("a.jar", first, second);
    assertArrayEquals(first, Files.readAllBytes(library));
    assertArrayEquals(second, Files.readAllBytes(library.resolveSibling("libsecond.so.5")));
  }

  @Test
  void aFailureLeavesNoHalfWrittenFile() throws Exception {
    Path library = unpack("a.jar", first, second);
    Files.delete(library);
    Files.createDirectory(library);
    Files.createFile(library.resolve("occupied")); // so that no file can take its place
    assertThrows(MatrixMultiplyUnavailableException.class, () -> unpack("a.jar", first, second));
    try (Stream<Path> files = Files.list(library.getParent())) {
      assertEquals(2, files.count());
    }
  }

  @Test
  void anotherVersionGoesElsewhere() throws Exception {
    Path library = unpack("a.jar", first, second);
    Path other = unpack("b.jar", bytes(3, 200_000), second);
    assertNotEquals(library.getParent(), other.getParent());
    assertArrayEquals(first, Files.readAllBytes(library));
  }

  @Test
  void manyStartsAtTheSameTimeAllSucceed() throws Exception {
    Path jar = jar("a.jar", first, second);
    try (WorkerThreads workers = Workers.of(4);
        URLClassLoader loader = loader(jar)) {
      workers.run(
          16,
          i -> {
            try {
              Path library = new LibraryCache(temporary.resolve("cache")).unpack(platform, loader);
              assertArrayEquals(first, Files.readAllBytes(library));
            } catch (IOException | MatrixMultiplyUnavailableException e) {
              throw new AssertionError(e);
            }
          });
    }
  }

  @Test
  void aMissingJarIsNamed() throws Exception {
    try (URLClassLoader empty = new URLClassLoader(new URL[0], null)) {
      assertEquals(
          "the libraries for some-where were not found; add the jar org.bytedeco:openblas with"
              + " classifier some-where to the class path",
          assertThrows(
                  MatrixMultiplyUnavailableException.class,
                  () -> new LibraryCache(temporary).unpack(platform, empty))
              .getMessage());
    }
  }

  @Test
  void aPlaceThatCannotBeWrittenIsNamedWithTheRemedy() throws Exception {
    Path file = Files.createFile(temporary.resolve("occupied"));
    try (URLClassLoader loader = loader(jar("a.jar", first, second))) {
      String message =
          String.valueOf(
              assertThrows(
                      MatrixMultiplyUnavailableException.class,
                      () -> new LibraryCache(file).unpack(platform, loader))
                  .getMessage());
      assertTrue(message.startsWith("the libraries cannot be unpacked into " + file), message);
      assertTrue(
          message.endsWith("name a directory that can be written with -Dbatchnorm4j.cache=DIR"),
          message);
    }
  }

  @Test
  void thePlaceFollowsTheUsersConventions() {
    Path home = temporary.resolve("home");
    assertEquals(home.resolve(".cache/batchnorm4j"), LibraryCache.place("", "", home.toString()));
    assertEquals(
        home.resolve(".cache/batchnorm4j"),
        LibraryCache.place("", "relative/is/invalid", home.toString()));
    assertEquals(
        temporary.resolve("xdg/batchnorm4j"),
        LibraryCache.place("", temporary.resolve("xdg").toString(), home.toString()));
    assertEquals(
        temporary.resolve("mine"),
        LibraryCache.place(temporary.resolve("mine").toString(), "/x", home.toString()));
  }

  private Path unpack(String jar, byte[] first, byte[] second)
      throws IOException, MatrixMultiplyUnavailableException {
    try (URLClassLoader loader = loader(jar(jar, first, second))) {
      return new LibraryCache(temporary.resolve("cache")).unpack(platform, loader);
    }
  }

  private static URLClassLoader loader(Path jar) throws IOException {
    return new URLClassLoader(new URL[] {jar.toUri().toURL()}, null);
  }

  private Path jar(String name, byte[] first, byte[] second) throws IOException {
    Path file = temporary.resolve(name);
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out)) {
      jar.putNextEntry(new JarEntry(platform.resource("libfirst.so.0")));
      jar.write(first);
      jar.putNextEntry(new JarEntry(platform.resource("libsecond.so.5")));
      jar.write(second);
    }
    return file;
  }

  private static byte[] bytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }
}
