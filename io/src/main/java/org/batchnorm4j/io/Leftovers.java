package org.batchnorm4j.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * The files that {@link DurableFile} writes aside, and what is left of them when a process was
 * killed.
 *
 * <p>A name says which process writes it, so the file of a process that still runs is left alone. A
 * number that was given to a new process since (containers do that at each start) is recognised by
 * the file being older than the process. Stateless and safe for use by several threads.
 */
final class Leftovers {
  private Leftovers() {}

  private static String prefix(Path target) {
    return "." + target.getFileName() + ".tmp-";
  }

  /** Returns a name in the directory of {@code target} that no other write uses. */
  static Path newNameBeside(Path target) {
    String name =
        prefix(target) + ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime());
    Path aside = target.resolveSibling(name);
    for (int i = 1; Files.exists(aside); i++) {
      aside = target.resolveSibling(name + "-" + i);
    }
    return aside;
  }

  /** Removes what killed processes have left beside {@code target}. */
  static void removeBeside(Path target, Disk disk) throws IOException {
    String prefix = prefix(target);
    try (DirectoryStream<Path> candidates =
        Files.newDirectoryStream(
            target.resolveSibling("."), path -> path.getFileName().toString().startsWith(prefix))) {
      for (Path candidate : candidates) {
        String rest = candidate.getFileName().toString().substring(prefix.length());
        if (abandoned(candidate, rest)) {
          disk.delete(candidate);
        }
      }
    }
  }

  private static boolean abandoned(Path file, String pidAndNumber) throws IOException {
    int dash = pidAndNumber.indexOf('-');
    if (dash < 1
        || dash > 18
        || !pidAndNumber.substring(0, dash).chars().allMatch(c -> c >= '0' && c <= '9')) {
      return false; // not one of ours
    }
    Optional<ProcessHandle> writer =
        ProcessHandle.of(Long.parseLong(pidAndNumber.substring(0, dash)));
    if (writer.isEmpty()) {
      return true;
    }
    Optional<Instant> start = writer.get().info().startInstant();
    try {
      return start.isPresent() && Files.getLastModifiedTime(file).toInstant().isBefore(start.get());
    } catch (NoSuchFileException gone) {
      return false;
    }
  }
}
