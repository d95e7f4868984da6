package org.batchnorm4j.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.batchnorm4j.cli.line.Definition;
import org.batchnorm4j.cli.line.Given;
import org.batchnorm4j.cli.line.ParseErrors;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command {@code batchnorm4j}. Used from one thread. */
public final class Main {
  private static final List<String> COMMANDS =
      List.of("train", "evaluate", "apply", "diagnose", "recalibrate", "fold");

  private final Surroundings surroundings;
  private final Failures failures;
  private final List<String> arguments;

  private Main(Surroundings surroundings, Failures failures, List<String> arguments) {
    this.surroundings = surroundings;
    this.failures = failures;
    this.arguments = arguments;
  }

  /**
   * Runs one command and ends the JVM with its exit code: 0 success, 1 failure, 2 wrong usage, 130
   * interrupted.
   */
  public static void main(String[] args) {
    Stage.restoreStandardError();
    Stage.end(run(Surroundings.ofThisProcess(), args));
  }

  /** Runs one command and returns its exit code. */
  static int run(Surroundings surroundings, String... args) {
    Failures failures = new Failures(surroundings.err());
    try {
      int exit = new Main(surroundings, failures, List.of(args)).run();
      boolean lost = surroundings.out().checkError(); // which flushes
      return exit == 0 && lost ? failures.outputLost() : exit;
    } catch (OutOfMemoryError e) {
      return failures.outOfMemory(e);
    }
  }

  private int run() {
    String first = arguments.isEmpty() ? "" : arguments.getFirst();
    boolean isCommand = COMMANDS.contains(first);
    // a definition costs time: of the commands only the one that is asked for
    CommandSpec spec = isCommand ? spec(first) : program();
    List<String> words = isCommand ? arguments.subList(1, arguments.size()) : arguments;
    ParseResult parsed = new CommandLine(spec).parseArgs(words.toArray(String[]::new));
    boolean verbose = false;
    try {
      if (parsed.isUsageHelpRequested()) {
        return help(spec);
      }
      if (parsed.isVersionHelpRequested()) {
        VersionText.lines().forEach(surroundings.out()::println);
        return 0;
      }
      ParseErrors.refuse(parsed);
      if (!isCommand) {
        return help(spec);
      }
      Given given = new Given(parsed);
      verbose = given.has("--verbose");
      return command(first, given).call();
    } catch (Exception e) {
      return failures.of(e, spec.name(), verbose);
    }
  }

  private int help(CommandSpec spec) {
    spec.commandLine().usage(surroundings.out(), CommandLine.Help.Ansi.OFF);
    return 0;
  }

  /** The program with all commands. */
  private static CommandSpec program() {
    CommandSpec program =
        Definition.command(
                "batchnorm4j", "Batch normalisation for the JVM: trains and tests networks.")
            .addOption(Definition.help())
            .addOption(
                Definition.version("Show versions, and what this machine can compute with."));
    program
        .usageMessage()
        .synopsisSubcommandLabel("COMMAND")
        .footer(
            "",
            "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 findings of diagnose, 130",
            "interrupted.",
            "",
            "  batchnorm4j train              trains on the embedded digits",
            "  batchnorm4j train --help       says what can be chosen",
            "",
            "BATCHNORM4J_JAVA_OPTS holds options for the JVM that works, such as -Xmx4g.");
    COMMANDS.forEach(command -> program.addSubcommand(command, spec(command)));
    return program;
  }

  private static CommandSpec spec(String command) {
    return switch (command) {
      case "train" -> TrainCommand.spec();
      case "evaluate" -> EvaluateCommand.spec();
      case "apply" -> ApplyCommand.spec();
      case "diagnose" -> DiagnoseCommand.spec();
      case "recalibrate" -> RecalibrateCommand.spec();
      case "fold" -> FoldCommand.spec();
      default -> throw new IllegalArgumentException(command);
    };
  }

  private Callable<Integer> command(String command, Given given) {
    return switch (command) {
      case "train" -> new TrainCommand(surroundings, given, arguments);
      case "evaluate" -> new EvaluateCommand(surroundings, given);
      case "apply" -> new ApplyCommand(surroundings, given);
      case "diagnose" -> new DiagnoseCommand(surroundings, given);
      case "recalibrate" -> new RecalibrateCommand(surroundings, given);
      case "fold" -> new FoldCommand(surroundings, given);
      default -> throw new IllegalArgumentException(command);
    };
  }
}
