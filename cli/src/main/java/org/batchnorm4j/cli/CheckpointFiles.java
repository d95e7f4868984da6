package org.batchnorm4j.cli;

import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.batchnorm4j.training.RunDirectory;

/** Finds the checkpoint that an argument means. Stateless. */
final class CheckpointFiles {
  private CheckpointFiles() {}

  /**
   * The file itself, or the checkpoint in it if it is the directory of a run.
   *
   * @throws NoSuchFileException if there is none
   */
  static Path resolve(Path argument) throws NoSuchFileException {
    Path file = Files.isDirectory(argument) ? RunDirectory.checkpointIn(argument) : argument;
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString());
    }
    return file;
  }
}
