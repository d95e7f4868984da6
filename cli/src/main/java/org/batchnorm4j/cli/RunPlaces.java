package org.batchnorm4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.training.RunDirectory;
import org.jspecify.annotations.Nullable;

/** Decides in which directory a run goes, so that no other run is lost. Stateless. */
final class RunPlaces {
  private RunPlaces() {}

  /**
   * Claims the directory of a new run: the one asked for, else {@code runs/<model>-<data>}, with a
   * number behind it if there is a checkpoint already, or another run at work.
   *
   * @throws UsageException if the one asked for holds a checkpoint, unless it shall be overwritten
   * @throws IOException if the one asked for is in use or cannot be written to
   */
  static RunClaim claim(@Nullable Path asked, boolean overwrite, RunPlan plan) throws IOException {
    if (asked == null) {
      return free(plan);
    }
    RunClaim claim = claim(asked);
    if (!overwrite && Files.exists(RunDirectory.checkpointIn(asked))) {
      claim.close();
      throw taken(asked);
    }
    return claim;
  }

  /**
   * Claims the directory in which a run goes on: the one asked for, else that of the checkpoint.
   *
   * @throws UsageException if the one asked for holds a checkpoint that is not the one resumed
   * @throws IOException if the directory is in use or cannot be written to
   */
  static RunClaim claimResumed(@Nullable Path asked, Path checkpoint) throws IOException {
    if (asked == null) {
      Path directory = checkpoint.getParent();
      return claim(directory == null ? Path.of("") : directory);
    }
    RunClaim claim = claim(asked);
    Path there = RunDirectory.checkpointIn(asked);
    if (Files.exists(there) && !Files.isSameFile(there, checkpoint)) {
      claim.close();
      throw taken(asked);
    }
    return claim;
  }

  private static UsageException taken(Path asked) {
    return new UsageException(
        asked
            + " holds a run already: go on with --resume "
            + ShellWords.quote(RunDirectory.checkpointIn(asked).toString())
            + ", choose another --out, or replace it with --overwrite");
  }

  private static RunClaim claim(Path directory) throws IOException {
    return RunClaim.tryAt(directory).orElseThrow(() -> new IOException(RunClaim.inUse(directory)));
  }

  private static RunClaim free(RunPlan plan) throws IOException {
    String name = plan.model().option() + "-" + plan.dataWord();
    for (int i = 1; ; i++) {
      Path directory = Path.of("runs", i == 1 ? name : name + "-" + i);
      if (Files.exists(RunDirectory.checkpointIn(directory))) {
        continue;
      }
      Optional<RunClaim> claim = RunClaim.tryAt(directory);
      if (claim.isEmpty()) {
        continue;
      }
      // the run that had it may have ended in between
      if (Files.notExists(RunDirectory.checkpointIn(directory))) {
        return claim.get();
      }
      claim.get().close();
    }
  }
}
