package org.batchnorm4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.batchnorm4j.io.FormatException;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says what is wrong with arguments: which one, its value, what is expected. Stateless. */
final class ParseErrors {
  /** What other programs call our options. */
  private static final Map<String, String> SYNONYMS =
      Map.ofEntries(
          Map.entry("--learning-rate", "--lr"),
          Map.entry("--learningrate", "--lr"),
          Map.entry("--rate", "--lr"),
          Map.entry("--output", "--out"),
          Map.entry("--output-dir", "--out"),
          Map.entry("--out-dir", "--out"),
          Map.entry("--dir", "--out"),
          Map.entry("-o", "--out"),
          Map.entry("--dataset", "--data"),
          Map.entry("--data-dir", "--data"),
          Map.entry("--input", "--data"),
          Map.entry("--batch", "--batch-size"),
          Map.entry("--bs", "--batch-size"),
          Map.entry("-b", "--batch-size"),
          Map.entry("-e", "--epochs"),
          Map.entry("--network", "--model"),
          Map.entry("--arch", "--model"),
          Map.entry("--net", "--model"),
          Map.entry("-m", "--model"),
          Map.entry("--normalization", "--norm"),
          Map.entry("--normalisation", "--norm"),
          Map.entry("--optim", "--optimizer"),
          Map.entry("--scheduler", "--schedule"),
          Map.entry("--lr-schedule", "--schedule"),
          Map.entry("--decay", "--weight-decay"),
          Map.entry("--wd", "--weight-decay"),
          Map.entry("--random-seed", "--seed"),
          Map.entry("--jobs", "--threads"),
          Map.entry("--workers", "--threads"),
          Map.entry("-j", "--threads"),
          Map.entry("--continue", "--resume"),
          Map.entry("--checkpoint", "--resume"),
          Map.entry("--from", "--resume"),
          Map.entry("--save-every", "--checkpoint-every"),
          Map.entry("--force", "--overwrite"),
          Map.entry("-f", "--overwrite"),
          Map.entry("--silent", "--quiet"),
          Map.entry("-q", "--quiet"),
          Map.entry("--debug", "--verbose"),
          Map.entry("-v", "--verbose"),
          Map.entry("--validation", "--holdout"),
          Map.entry("--test-size", "--holdout"));

  private ParseErrors() {}

  /** One line. */
  static String text(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched) {
      return unmatched(e.getCommandLine(), unmatched.getUnmatched().getFirst());
    }
    if (e instanceof MissingParameterException missing && !missing.getMissing().isEmpty()) {
      ArgSpec argument = missing.getMissing().getFirst();
      return argument instanceof OptionSpec option
          ? option.longestName() + " needs a value, " + option.paramLabel()
          : argument.paramLabel() + " is missing";
    }
    if (e instanceof OverwrittenOptionException twice
        && twice.getOverwritten() instanceof OptionSpec option) {
      return option.longestName() + " is given twice";
    }
    if (e.getArgSpec() instanceof OptionSpec option && e.getValue() != null) {
      return option.longestName()
          + " is "
          + FormatException.quote(e.getValue())
          + ", expected "
          + expected(option.type(), e.getValue());
    }
    String message = e.getMessage();
    return message == null ? e.toString() : message.lines().findFirst().orElse("");
  }

  private static String expected(Class<?> type, String value) {
    boolean whole = value.matches("[+-]?[0-9]+");
    if (type == Integer.class) {
      return whole ? "at most " + Integer.MAX_VALUE : "a whole number such as 8";
    }
    if (type == Long.class) {
      return whole ? "at most " + Long.MAX_VALUE : "a whole number such as 8";
    }
    if (type == Double.class) {
      return "a number such as 0.001";
    }
    return type == boolean.class ? "no value" : "a path";
  }

  private static String unmatched(CommandLine command, String argument) {
    if (!argument.startsWith("-")) {
      List<String> commands = List.copyOf(command.getSubcommands().keySet());
      return commands.isEmpty()
          ? FormatException.quote(argument) + " is one argument too many"
          : "there is no command " + FormatException.quote(argument) + guess(argument, commands);
    }
    int equals = argument.indexOf('=');
    String option = equals < 0 ? argument : argument.substring(0, equals);
    List<String> options = new ArrayList<>();
    command.getCommandSpec().options().forEach(known -> options.addAll(List.of(known.names())));
    return "there is no option " + FormatException.quote(option) + guess(option, options);
  }

  private static String guess(String word, List<String> known) {
    Optional<String> synonym = Optional.ofNullable(SYNONYMS.get(word)).filter(known::contains);
    return synonym
        .or(() -> Nearest.of(word, known))
        .map(guess -> " (did you mean " + guess + "?)")
        .orElse("");
  }
}
