package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Files too large for this repository, in the folder that the system property {@code
 * batchnorm4j.shared} names ({@code ../shared} beside the repository if it is not set).
 */
final class SharedFiles {
  private SharedFiles() {}

  /**
   * Returns a folder or file. If it is missing the test is skipped with one line on standard
   * output; where the system property {@code batchnorm4j.ci} is {@code true} it fails.
   */
  static Path path(String name) {
    Path path = Path.of(System.getProperty("batchnorm4j.shared", "../../shared"), name);
    if (!Files.exists(path)) {
      String message = "skipped: " + path.toAbsolutePath().normalize() + " is missing";
      if (Boolean.getBoolean("batchnorm4j.ci")) {
        fail(message);
      }
      System.out.println(message);
      abort(message);
    }
    return path;
  }
}
