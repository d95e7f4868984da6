package org.batchnorm4j.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DurableFileTest {
  @TempDir Path directory;
  Path target;

  @BeforeEach
  void oldContent() throws IOException {
    target = directory.resolve("state.bin");
    Files.writeString(target, "old");
  }

  @Test
  void stepsAreWriteForceRenameForceDirectory() throws IOException {
    FaultyDisk disk = new FaultyDisk("nothing");
    DurableFile.write(
        target,
        disk,
        out -> {
          out.write(ByteBuffer.wrap(new byte[] {'n', 'e'}));
          out.write(ByteBuffer.wrap(new byte[] {'w'}));
        });
    assertEquals(
        List.of("create", "write", "write", "force", "rename", "forceDirectory"), disk.steps);
    assertEquals("new", Files.readString(target));
    assertEquals(List.of("state.bin"), names());
  }

  @ParameterizedTest
  @ValueSource(strings = {"create", "write", "force", "rename"})
  void failedStepLeavesTheOldFileAndNothingElse(String step) throws IOException {
    FaultyDisk disk = new FaultyDisk(step);
    IOException e =
        assertThrows(IOException.class, () -> DurableFile.write(target, disk, "new content"));
    assertEquals("no room at " + step, e.getMessage());
    assertEquals("old", Files.readString(target));
    assertEquals(List.of("state.bin"), names());
  }

  @Test
  void failingContentLeavesTheOldFileAndNothingElse() throws IOException {
    RuntimeException failure = new IllegalStateException("half way");
    assertSame(
        failure,
        assertThrows(
            IllegalStateException.class,
            () ->
                DurableFile.write(
                    target,
                    out -> {
                      out.write(ByteBuffer.wrap(new byte[10]));
                      throw failure;
                    })));
    assertEquals("old", Files.readString(target));
    assertEquals(List.of("state.bin"), names());
  }

  @Test
  void leftoversOfKilledRunsGoAtTheNextWrite() throws IOException {
    // no process has this number: it is above the limit of every system
    Path dead = Files.writeString(directory.resolve(".state.bin.tmp-4611686018427387-1f"), "half");
    // this process has this number now, but the file is older than the process
    Path reused =
        Files.writeString(
            directory.resolve(".state.bin.tmp-" + ProcessHandle.current().pid() + "-1f"), "half");
    Files.setLastModifiedTime(reused, FileTime.from(Instant.EPOCH));
    DurableFile.write(target, "new");
    assertFalse(Files.exists(dead));
    assertFalse(Files.exists(reused));
    assertEquals(List.of("state.bin"), names());
  }

  @Test
  void filesOfOthersAreLeftAlone() throws IOException {
    List<String> others =
        List.of(
            ".state.bin.tmp-" + ProcessHandle.current().pid() + "-1f", // still being written
            ".state.bin.tmp-mine",
            ".other.bin.tmp-4611686018427387-1f");
    for (String name : others) {
      Files.writeString(directory.resolve(name), "keep");
    }
    DurableFile.write(target, "new");
    assertTrue(names().containsAll(others), names().toString());
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void symbolicLinkStaysOne() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("link"), target);
    DurableFile.write(link, "new");
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("new", Files.readString(target));
  }

  @Test
  void missingDirectoryAndDirectoryAreNamed() {
    Path lost = directory.resolve("lost").resolve("x");
    IOException e = assertThrows(IOException.class, () -> DurableFile.write(lost, "new"));
    assertEquals(
        "cannot write " + lost + ": " + lost.getParent() + " is not an existing directory",
        e.getMessage());
    e = assertThrows(IOException.class, () -> DurableFile.write(directory, "new"));
    assertEquals("cannot write " + directory + ": it is a directory", e.getMessage());
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  /** Records the steps and fails in one of them; in a write, after half of the bytes. */
  private static final class FaultyDisk implements Disk {
    final List<String> steps = new ArrayList<>();
    private final String fault;

    FaultyDisk(String fault) {
      this.fault = fault;
    }

    private void step(String name) throws IOException {
      steps.add(name);
      if (name.equals(fault)) {
        throw new IOException("no room at " + name);
      }
    }

    @Override
    public FileChannel create(Path file) throws IOException {
      step("create");
      return Disk.system().create(file);
    }

    @Override
    public void write(FileChannel channel, ByteBuffer bytes) throws IOException {
      if (fault.equals("write")) {
        Disk.system().write(channel, bytes.slice(0, bytes.remaining() / 2));
      }
      step("write");
      Disk.system().write(channel, bytes);
    }

    @Override
    public void force(FileChannel channel) throws IOException {
      step("force");
      Disk.system().force(channel);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
      step("rename");
      Disk.system().rename(from, to);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
      step("forceDirectory");
      Disk.system().forceDirectory(directory);
    }

    @Override
    public void delete(Path file) throws IOException {
      Disk.system().delete(file);
    }
  }
}
