package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.batchnorm4j.training.RunDirectory;
import org.jspecify.annotations.Nullable;

/** Decides in which directory a run goes, so that no earlier run is lost. Stateless. */
final class RunPlaces {
  private RunPlaces() {}

  /**
   * The directory of a run: the one asked for; when resuming, that of the checkpoint; else {@code
   * runs/<model>-<data>}, with a number behind it if there is a checkpoint already.
   *
   * @throws UsageException if the one asked for holds a checkpoint that is not the one resumed
   */
  static Path choose(
      @Nullable Path asked, boolean overwrite, @Nullable Path checkpoint, RunPlan plan)
      throws IOException {
    if (asked == null) {
      return checkpoint == null ? free(plan) : directoryOf(checkpoint);
    }
    Path there = RunDirectory.checkpointIn(asked);
    boolean resumed =
        checkpoint != null && Files.exists(there) && Files.isSameFile(there, checkpoint);
    if (Files.exists(there) && !overwrite && !resumed) {
      throw new UsageException(
          asked
              + " holds a run already: go on with --resume "
              + ShellWords.quote(there.toString())
              + ", choose another --out, or replace it with --overwrite");
    }
    return asked;
  }

  private static Path directoryOf(Path checkpoint) {
    Path directory = checkpoint.getParent();
    return directory == null ? Path.of("") : directory;
  }

  private static Path free(RunPlan plan) {
    String name = plan.model().option() + "-" + plan.dataWord();
    Path directory = Path.of("runs", name);
    for (int i = 2; Files.exists(RunDirectory.checkpointIn(directory)); i++) {
      directory = Path.of("runs", name + "-" + i);
    }
    return directory;
  }

  /** Removes the files of an earlier run. */
  static void clear(RunDirectory directory) throws IOException {
    for (Path file : List.of(directory.checkpoint(), directory.metrics(), directory.summary())) {
      Files.deleteIfExists(file);
    }
  }
}
