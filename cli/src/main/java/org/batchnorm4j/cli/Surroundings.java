package org.batchnorm4j.cli;

import java.io.Console;
import java.io.PrintStream;
import java.util.Optional;
import java.util.function.Supplier;
import org.batchnorm4j.io.Disk;

/**
 * What a command meets outside: streams, disk and signals. Tests bring their own.
 *
 * @param out for results and progress
 * @param err for what went wrong
 * @param terminal whether {@code out} is a terminal, whose last line can be drawn anew
 * @param disk where files of a run go
 * @param signals starts listening to Ctrl-C; called when there is something to save
 */
record Surroundings(
    PrintStream out, PrintStream err, boolean terminal, Disk disk, Supplier<StopSignal> signals) {

  /** The streams, the disk and the signals of this JVM. */
  static Surroundings ofThisProcess() {
    return new Surroundings(
        System.out, System.err, isTerminal(), Disk.system(), ProcessSignals::listen);
  }

  private static boolean isTerminal() {
    if (Stage.onlyChecks()) {
      return false;
    }
    return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
  }
}
