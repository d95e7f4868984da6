package org.batchnorm4j.cli;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.batchnorm4j.cli.line.Given;
import org.batchnorm4j.cli.line.HelpPage;
import org.batchnorm4j.cli.line.Option;
import org.batchnorm4j.cli.line.Suggestion;
import org.batchnorm4j.cli.line.Syntax;
import org.batchnorm4j.cli.line.UsageException;
import org.batchnorm4j.io.FormatException;

/** The command {@code batchnorm4j}. Used from one thread. */
public final class Main {
  private static final Syntax SYNTAX =
      Syntax.of("batchnorm4j", "Batch normalisation for the JVM: trains and tests networks.")
          .withOptions(
              Option.HELP,
              Option.flag("--version", "Show versions, and what this machine can compute with.")
                  .withLetter("-V"))
          .withFooter(
              "",
              "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 findings of diagnose, 130",
              "interrupted.",
              "",
              "  batchnorm4j train              trains on the embedded digits",
              "  batchnorm4j train --help       says what can be chosen",
              "",
              "BATCHNORM4J_JAVA_OPTS holds options for the JVM that works, such as -Xmx4g.");

  private final Surroundings surroundings;
  private final Failures failures;
  private final List<String> arguments;
  private final List<Entry> commands;

  /** A command and what makes it of the words behind it. */
  private record Entry(Syntax syntax, Function<Given, Callable<Integer>> start) {}

  private Main(Surroundings surroundings, Failures failures, List<String> arguments) {
    this.surroundings = surroundings;
    this.failures = failures;
    this.arguments = arguments;
    commands =
        List.of(
            new Entry(
                TrainCommand.SYNTAX, given -> new TrainCommand(surroundings, given, arguments)),
            new Entry(EvaluateCommand.SYNTAX, given -> new EvaluateCommand(surroundings, given)),
            new Entry(ApplyCommand.SYNTAX, given -> new ApplyCommand(surroundings, given)),
            new Entry(DiagnoseCommand.SYNTAX, given -> new DiagnoseCommand(surroundings, given)),
            new Entry(
                RecalibrateCommand.SYNTAX, given -> new RecalibrateCommand(surroundings, given)),
            new Entry(FoldCommand.SYNTAX, given -> new FoldCommand(surroundings, given)));
  }

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
    Failures failures = new Failures(surroundings.err());
    try {
      int exit = new Main(surroundings, failures, List.of(args)).run();
      boolean lost = surroundings.out().checkError(); // which flushes
      return exit == 0 && lost ? failures.outputLost() : exit;
    } catch (OutOfMemoryError e) {
      return failures.outOfMemory(e);
    }
  }

  /** The words before the first one that is no option are for the program itself. */
  private int run() {
    int own = 0;
    while (own < arguments.size() && arguments.get(own).startsWith("-")) {
      own++;
    }
    Entry command;
    try {
      Given given = Given.read(SYNTAX, arguments.subList(0, own));
      if (given.has("--version") && !given.has("--help")) {
        VersionText.lines().forEach(surroundings.out()::println);
        return 0;
      }
      if (given.has("--help") || own == arguments.size()) {
        return help(SYNTAX, commands.stream().map(Entry::syntax).toList());
      }
      command = command(arguments.get(own));
    } catch (UsageException e) {
      return failures.of(e, SYNTAX.name(), false);
    }
    return run(command, arguments.subList(own + 1, arguments.size()));
  }

  private Entry command(String word) {
    for (Entry command : commands) {
      if (command.syntax().command().equals(word)) {
        return command;
      }
    }
    List<String> known = commands.stream().map(entry -> entry.syntax().command()).toList();
    throw new UsageException(
        "there is no command " + FormatException.quote(word) + Suggestion.of(word, known));
  }

  private int run(Entry command, List<String> words) {
    Syntax syntax = command.syntax();
    boolean verbose = false;
    try {
      Given given = Given.read(syntax, words);
      if (given.has("--help")) {
        return help(syntax, List.of());
      }
      verbose = given.has("--verbose");
      return command.start().apply(given).call();
    } catch (Exception e) {
      return failures.of(e, syntax.name(), verbose);
    }
  }

  private int help(Syntax syntax, List<Syntax> commands) {
    surroundings.out().print(HelpPage.of(syntax, commands));
    return 0;
  }
}
