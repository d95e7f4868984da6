package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The right of one process to write into the directory of a run, from {@link #tryAt} to {@link
 * #close}. It is the operating system's lock on the file {@code .lock} in that directory, so it
 * ends with the process however that ends: a killed run leaves a file, but no claim.
 *
 * <p>Closing removes the file, and the directory with those above it if the claim made them and
 * nothing was put there. Two claims of one JVM on a directory are told apart only while neither is
 * closed. Belongs to one thread.
 */
final class RunClaim implements AutoCloseable {
  private static final String NAME = ".lock";

  private final Path directory;
  private final List<Path> made;
  private final FileChannel channel;

  private RunClaim(Path directory, List<Path> made, FileChannel channel) {
    this.directory = directory;
    this.made = made;
    this.channel = channel;
  }

  /**
   * Claims a directory, which is made if need be; nothing comes out if another run has it.
   *
   * @throws IOException if the directory cannot be made or written to; the message says so
   */
  static Optional<RunClaim> tryAt(Path directory) throws IOException {
    if (Files.exists(directory) && !Files.isDirectory(directory)) {
      throw new IOException(
          "cannot write a run into " + directory + ": it is a file; choose another --out");
    }
    List<Path> made = missing(directory);
    try {
      Files.createDirectories(directory);
      FileChannel channel = lock(directory.resolve(NAME));
      if (channel == null) {
        return Optional.empty();
      }
      return Optional.of(new RunClaim(directory, made, channel));
    } catch (IOException e) {
      remove(made);
      throw new IOException(
          "cannot write a run into " + directory + ": " + reason(e) + "; choose another --out", e);
    }
  }

  /** The directories that are not there yet, the innermost first. */
  private static List<Path> missing(Path directory) {
    List<Path> missing = new ArrayList<>();
    Path path = directory.toAbsolutePath();
    while (path != null && Files.notExists(path)) {
      missing.add(path);
      path = path.getParent();
    }
    return missing;
  }

  private static String reason(IOException e) {
    if (e instanceof FileAlreadyExistsException exists) {
      return exists.getFile() + " is a file";
    }
    if (e instanceof FileSystemException file && file.getReason() == null) {
      return file instanceof NoSuchFileException
          ? "it cannot be made"
          : "access to " + file.getFile() + " is denied";
    }
    return String.valueOf(e.getMessage());
  }

  /** Opens and locks the file; null if another process has the lock. */
  private static @Nullable FileChannel lock(Path file) throws IOException {
    while (true) {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      boolean kept = false;
      try {
        Object opened = key(file);
        FileLock lock = channel.tryLock();
        if (lock == null) {
          return null;
        }
        // a run that ended in between has removed the file: the lock is on what has no name now
        if (Files.exists(file) && Objects.equals(opened, key(file))) {
          channel.truncate(0);
          channel.write(
              ByteBuffer.wrap(
                  Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8)));
          kept = true;
          return channel;
        }
      } catch (OverlappingFileLockException inThisJvm) {
        return null;
      } catch (NoSuchFileException removed) {
        // likewise: try again
      } finally {
        if (!kept) {
          channel.close();
        }
      }
    }
  }

  private static @Nullable Object key(Path file) throws IOException {
    return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
  }

  /** The directory that is claimed. */
  Path directory() {
    return directory;
  }

  /** What to say of a directory that another run has. */
  static String inUse(Path directory) {
    Path file = directory.resolve(NAME);
    String owner = "another run";
    try {
      String text = Files.readString(file);
      owner += text.matches("[0-9]{1,18}") ? " (process " + text + ")" : "";
    } catch (IOException unreadable) {
      // then it is not said which
    }
    return directory + " is in use by " + owner + "; wait for its end or choose another --out";
  }

  /** Gives the claim back. */
  @Override
  public void close() throws IOException {
    try (channel) {
      Files.deleteIfExists(directory.resolve(NAME)); // before the lock ends, see lock
    }
    remove(made);
  }

  private static void remove(List<Path> made) {
    try {
      for (Path path : made) {
        Files.deleteIfExists(path);
      }
    } catch (DirectoryNotEmptyException kept) {
      // something was put there
    } catch (IOException unimportant) {
      // an empty directory is left
    }
  }
}
