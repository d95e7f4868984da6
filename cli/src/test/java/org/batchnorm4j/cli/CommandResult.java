package org.batchnorm4j.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import org.batchnorm4j.io.Disk;

/** A command run inside this JVM: its exit code and what it printed. */
record CommandResult(int exit, String out, String err) {

  static CommandResult of(String... args) {
    return of(false, () -> false, args);
  }

  /** Runs a command that is asked to stop as soon as {@code stop} says so. */
  static CommandResult of(boolean terminal, BooleanSupplier stop, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    StopSignal signal =
        new StopSignal() {
          @Override
          public boolean requested() {
            return stop.getAsBoolean();
          }

          @Override
          public int exitCode() {
            return 130;
          }
        };
    Surroundings surroundings =
        new Surroundings(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            terminal,
            Disk.system(),
            () -> signal);
    int exit = Main.run(surroundings, args);
    return new CommandResult(
        exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** The last printed line with the word accuracy. */
  String accuracyLine() {
    return out.lines().filter(line -> line.contains("accuracy")).toList().getLast();
  }
}
