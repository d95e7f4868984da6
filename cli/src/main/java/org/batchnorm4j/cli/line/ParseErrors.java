package org.batchnorm4j.cli.line;

import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.io.FormatException;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says what is wrong with arguments: which one, its value, what is expected. Stateless. */
public final class ParseErrors {
  private ParseErrors() {}

  /**
   * Refuses words that picocli collected errors about: unknown commands and options first, then
   * wrong values, words too many, and what is missing last, because a misspelt word explains it.
   *
   * @throws UsageException if there is an error
   */
  public static void refuse(ParseResult parsed) {
    CommandSpec command = parsed.commandSpec();
    List<String> unmatched = parsed.unmatched();
    if (!command.subcommands().isEmpty() && !unmatched.isEmpty()) {
      throw new UsageException(unknown(command, unmatched.getFirst()));
    }
    for (String word : unmatched) {
      if (isUnknownOption(command, word)) {
        throw new UsageException(unknown(command, word));
      }
    }
    for (Exception error : parsed.errors()) {
      boolean missing = error instanceof MissingParameterException none && isNowhere(none, parsed);
      if (!missing || unmatched.isEmpty()) {
        throw new UsageException(text(error, parsed));
      }
    }
  }

  private static String text(Exception error, ParseResult parsed) {
    if (!parsed.unmatched().isEmpty() && error instanceof UnmatchedArgumentException) {
      return FormatException.quote(parsed.unmatched().getFirst()) + " is one argument too many";
    }
    if (error instanceof MissingParameterException missing) {
      ArgSpec argument = missing.getMissing().getLast();
      if (!(argument instanceof OptionSpec option)) {
        return argument.paramLabel() + " is missing";
      }
      return isNowhere(missing, parsed)
          ? option.longestName() + " " + option.paramLabel() + " is missing"
          : option.longestName() + " needs a value, " + option.paramLabel();
    }
    if (error instanceof OverwrittenOptionException twice
        && twice.getOverwritten() instanceof OptionSpec option) {
      return option.longestName() + " is given twice";
    }
    if (error instanceof ParameterException wrong
        && wrong.getArgSpec() instanceof OptionSpec option
        && wrong.getValue() != null) {
      return option.longestName()
          + " is "
          + FormatException.quote(wrong.getValue())
          + ", expected "
          + expected(option.type(), wrong.getValue());
    }
    String message = error.getMessage();
    return message == null ? error.toString() : message.lines().findFirst().orElse("");
  }

  /** Whether what is missing was not even begun: an option without its name. */
  private static boolean isNowhere(MissingParameterException missing, ParseResult parsed) {
    ArgSpec argument = missing.getMissing().getLast(); // parameters are behind options
    return !(argument instanceof OptionSpec option)
        || !parsed.originalArgs().contains(option.longestName());
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

  private static boolean isUnknownOption(CommandSpec command, String word) {
    return word.length() > 1 && word.startsWith("-") && command.findOption(name(word)) == null;
  }

  private static String name(String word) {
    int equals = word.indexOf('=');
    return equals < 0 ? word : word.substring(0, equals);
  }

  private static String unknown(CommandSpec command, String word) {
    if (!isUnknownOption(command, word)) {
      List<String> commands = List.copyOf(command.subcommands().keySet());
      return "there is no command " + FormatException.quote(word) + Suggestion.of(word, commands);
    }
    List<String> options = new ArrayList<>();
    command.options().forEach(known -> options.addAll(List.of(known.names())));
    String option = name(word);
    return "there is no option " + FormatException.quote(option) + Suggestion.of(option, options);
  }
}
