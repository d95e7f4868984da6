package org.batchnorm4j.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.batchnorm4j.io.Disk;
import org.batchnorm4j.io.DurableFile;

/**
 * The directory of a run: {@code checkpoint.safetensors}, {@code metrics.csv} and {@code
 * summary.json}, each written aside, forced to disk and renamed.
 *
 * <p>At the end of an epoch the metrics are written before the checkpoint. So the file of metrics
 * is never behind the checkpoint, and a resumed run cuts it back to the checkpoint's epochs.
 * Immutable; one run at a time may write to a directory.
 */
public final class RunDirectory {
  private final Path path;
  private final Disk disk;

  private RunDirectory(Path path, Disk disk) {
    this.path = path;
    this.disk = disk;
  }

  /** Returns the run directory at {@code path} on the system's disk, and creates it if need be. */
  public static RunDirectory at(Path path) throws IOException {
    return at(path, Disk.system());
  }

  /** Returns the run directory at {@code path}, and creates it if need be. */
  public static RunDirectory at(Path path, Disk disk) throws IOException {
    Files.createDirectories(path);
    return new RunDirectory(path, disk);
  }

  /** Returns the directory. */
  public Path path() {
    return path;
  }

  /** Returns where the checkpoint lies. */
  public Path checkpoint() {
    return checkpointIn(path);
  }

  /** Returns where the checkpoint of a run in {@code directory} lies. */
  public static Path checkpointIn(Path directory) {
    return directory.resolve("checkpoint.safetensors");
  }

  /** Returns where the metrics lie: a line per epoch, comma-separated. */
  public Path metrics() {
    return path.resolve("metrics.csv");
  }

  /** Returns where the summary lies. */
  public Path summary() {
    return path.resolve("summary.json");
  }

  /** Writes the checkpoint. */
  void write(Checkpoint checkpoint) throws IOException {
    checkpoint.write(checkpoint(), disk);
  }

  /** Writes the metrics. */
  void write(List<EpochMetrics> rows) throws IOException {
    DurableFile.write(metrics(), disk, MetricsText.csv(rows));
  }

  /** Writes the summary. */
  public void write(RunSummary summary) throws IOException {
    DurableFile.write(summary(), disk, summary.toJson());
  }

  /** Returns rows with the times that {@code metrics.csv} has for them. */
  List<EpochMetrics> withKnownTimes(List<EpochMetrics> rows) {
    try {
      return Files.exists(metrics())
          ? MetricsText.withTimesFrom(Files.readString(metrics()), rows)
          : rows;
    } catch (IOException unreadable) {
      return rows; // it is written anew; only times are lost
    }
  }

  /** Returns the path as text. */
  @Override
  public String toString() {
    return path.toString();
  }
}
