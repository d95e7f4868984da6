package org.batchnorm4j.cli;

import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code batchnorm4j}. Used from one thread. */
@Command(
    name = "batchnorm4j",
    description = "Batch normalisation for the JVM: trains and tests networks.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = VersionText.class,
    footer = {
      "",
      "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 findings of diagnose, 130",
      "interrupted.",
      "",
      "  batchnorm4j train              trains on the embedded digits",
      "  batchnorm4j train --help       says what can be chosen",
      "",
      "BATCHNORM4J_JAVA_OPTS holds options for the JVM that works, such as -Xmx4g."
    })
public final class Main implements Runnable {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show versions, and what this machine can compute with.")
  boolean version;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  private Main() {}

  /**
   * Runs one command and ends the JVM with its exit code: 0 success, 1 failure, 2 wrong usage, 130
   * interrupted.
   */
  public static void main(String[] args) {
    Stage.restoreStandardError();
    System.exit(run(Surroundings.ofThisProcess(), args));
  }

  /** Runs one command and returns its exit code. */
  static int run(Surroundings surroundings, String... args) {
    CommandLine line = new CommandLine(new Main());
    line.addSubcommand(new TrainCommand(surroundings, List.of(args)));
    line.addSubcommand(new EvaluateCommand(surroundings));
    line.addSubcommand(new ApplyCommand(surroundings));
    line.addSubcommand(new DiagnoseCommand(surroundings));
    line.addSubcommand(new RecalibrateCommand(surroundings));
    line.addSubcommand(new FoldCommand(surroundings));
    line.setOut(new PrintWriter(surroundings.out(), true, surroundings.out().charset()));
    line.setErr(new PrintWriter(surroundings.err(), true, surroundings.err().charset()));
    Failures failures = new Failures(surroundings.err());
    line.setParameterExceptionHandler(failures);
    line.setExecutionExceptionHandler(failures);
    try {
      int exit = line.execute(args);
      boolean lost = surroundings.out().checkError(); // which flushes
      return exit == 0 && lost ? failures.outputLost() : exit;
    } catch (OutOfMemoryError e) {
      return failures.outOfMemory(e);
    }
  }

  /** Prints how to use the command. */
  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
