package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.safetensors.SafetensorsFile;
import org.jspecify.annotations.Nullable;

/**
 * What {@code apply} reads and where it writes.
 *
 * @param inputs files, and directories of files
 * @param out file or directory, or null to write nothing
 */
record ApplyPlaces(List<Path> inputs, @Nullable Path out) {
  private static final String SUFFIX = ".safetensors";

  /**
   * Tells inputs from the output: without {@code verify} the last path is the output. With it, all
   * are inputs; only behind a norm the second of two paths is the output if it does not exist, or
   * holds an {@code output} and no {@code input} as what {@code apply} wrote.
   *
   * @param named whether a norm stands before the paths
   * @throws UsageException if there are too few paths
   */
  static ApplyPlaces of(List<Path> paths, boolean named, boolean verify) throws IOException {
    int count = paths.size();
    if (count == 0) {
      throw new UsageException("the file to read is missing");
    }
    boolean writes = !verify || (named && count == 2 && isOutput(paths.getLast()));
    if (writes && count == 1) {
      throw new UsageException(
          "the file to write is missing: name it after " + paths.getFirst() + ", or use --verify");
    }
    return writes
        ? new ApplyPlaces(paths.subList(0, count - 1), paths.getLast())
        : new ApplyPlaces(paths, null);
  }

  private static boolean isOutput(Path path) throws IOException {
    if (!Files.exists(path)) {
      return true;
    }
    if (Files.isDirectory(path)) {
      return false;
    }
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      return file.names().contains("output") && !file.names().contains("input");
    } catch (FormatException e) {
      return false; // an input that fails
    }
  }

  /** Whether there is one input and no directory, so that the output is a file. */
  boolean isSingle() {
    return inputs.size() == 1 && !Files.isDirectory(inputs.getFirst());
  }

  /**
   * The files to read: those named, whether they exist or not, and of directories those whose names
   * end in {@code .safetensors}, by name; a directory that has none stands for itself.
   */
  List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    for (Path input : inputs) {
      if (Files.isDirectory(input)) {
        List<Path> inside = inside(input);
        files.addAll(inside.isEmpty() ? List.of(input) : inside);
      } else {
        files.add(input);
      }
    }
    return files;
  }

  /** How long the files to read are together. */
  long bytes() throws IOException {
    long bytes = 0;
    for (Path file : files()) {
      bytes += Files.isRegularFile(file) ? Files.size(file) : 0;
    }
    return bytes;
  }

  /**
   * Refuses what {@link #files} names and cannot be read.
   *
   * @throws NoSuchFileException if it does not exist
   * @throws FileSystemException if it is a directory without files to read
   */
  static void check(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new FileSystemException(
          file.toString(), null, "there is no file *" + SUFFIX + " in it");
    }
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
  }

  private static List<Path> inside(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries
          .filter(entry -> entry.getFileName().toString().endsWith(SUFFIX))
          .filter(Files::isRegularFile)
          .sorted()
          .toList();
    }
  }

  /**
   * Where the results of one file go, or null.
   *
   * @throws UsageException if that is the file itself
   */
  @Nullable Path outOf(Path file) throws IOException {
    if (out == null) {
      return null;
    }
    Path target = isSingle() && !Files.isDirectory(out) ? out : out.resolve(file.getFileName());
    if (Files.exists(target) && Files.isSameFile(target, file)) {
      throw new UsageException(
          "OUT " + target + " is the file that is read; choose another, so that it is kept");
    }
    return target;
  }
}
