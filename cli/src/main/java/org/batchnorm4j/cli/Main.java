package org.batchnorm4j.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code batchnorm4j}. Used from one thread. */
@Command(
    name = "batchnorm4j",
    description = "Batch normalisation for the JVM.",
    mixinStandardHelpOptions = true,
    version = "batchnorm4j 0.1.0-SNAPSHOT")
public final class Main implements Runnable {

  private Main() {}

  /** Runs one command and ends the JVM with its exit code: 0 success, 1 failure, 2 wrong usage. */
  public static void main(String[] args) {
    Stage.restoreStandardError();
    System.exit(new CommandLine(new Main()).execute(args));
  }

  /** Prints how to use the command. */
  @Override
  public void run() {
    CommandLine.usage(this, System.out);
  }
}
