package org.batchnorm4j.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A directory that should hold the files of a data set, and what to say when it does not.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param text what the user wrote
 * @param title what the data set is called
 * @param path the directory
 */
record DataDirectory(String text, String title, Path path) {
  private static final int NAMES_SHOWN = 8;

  /** Returns the file called {@code name}, or {@code name} with {@code .gz}, if there is one. */
  Optional<Path> find(String name) {
    return Stream.of(name, name + ".gz")
        .map(path::resolve)
        .filter(Files::isRegularFile)
        .findFirst();
  }

  /** Returns an exception that says which files are missing, what is there, and what helps. */
  IOException missing(String files, String remedy) throws IOException {
    return new FileNotFoundException(
        text + ": " + files + " missing in " + path + "; found " + found() + "; " + remedy);
  }

  private String found() throws IOException {
    if (!Files.isDirectory(path)) {
      return Files.exists(path) ? "a file instead of a directory" : "no such directory";
    }
    try (Stream<Path> files = Files.list(path)) {
      List<String> names = files.map(file -> file.getFileName().toString()).sorted().toList();
      if (names.isEmpty()) {
        return "nothing";
      }
      String shown = String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size())));
      int more = names.size() - NAMES_SHOWN;
      return more > 0 ? shown + " and " + more + " more" : shown;
    }
  }
}
