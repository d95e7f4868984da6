package org.batchnorm4j.cli.line;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The help page of a command, in lines of at most 80 characters. Used from one thread. */
public final class HelpPage {
  private static final int WIDTH = 80;

  /** Where names of options begin: behind their short form. */
  private static final int NAMES = 6;

  /** Names that are longer do not widen the column; if they do not fit, they have a line alone. */
  private static final int LONGEST_NAME = 20;

  /** By how much the second line of a description is moved. */
  private static final int HANGING = 2;

  private final StringBuilder page = new StringBuilder();

  private HelpPage() {}

  /**
   * How to call it, what it does, its parameters and options, and its footer.
   *
   * @param commands those of a program, or none
   */
  public static String of(Syntax syntax, List<Syntax> commands) {
    HelpPage help = new HelpPage();
    help.synopsis(syntax, !commands.isEmpty());
    syntax.description().forEach(paragraph -> help.wrap("", paragraph, 0));
    help.options(syntax);
    help.commands(commands);
    syntax.footer().forEach(help::line);
    return help.page.toString();
  }

  private void synopsis(Syntax syntax, boolean hasCommands) {
    StringBuilder letters = new StringBuilder();
    for (Option option : syntax.options()) {
      letters.append(option.letter().replace("-", ""));
    }
    List<String> words = new ArrayList<>();
    words.add("[-" + letters + "]");
    words.addAll(sorted(syntax, option -> !option.takesValue() && option.letter().isEmpty()));
    words.addAll(sorted(syntax, Option::takesValue));
    syntax.parameters().forEach(parameter -> words.add(parameter.form()));
    if (hasCommands) {
      words.add("COMMAND");
    }
    String start = "Usage: " + syntax.name() + " ";
    wrap(start, String.join(" ", words), start.length());
  }

  private static List<String> sorted(Syntax syntax, Predicate<Option> wanted) {
    return syntax.options().stream()
        .filter(wanted)
        .sorted((a, b) -> a.name().compareTo(b.name()))
        .map(option -> option.required() ? option.form() : "[" + option.form() + "]")
        .toList();
  }

  private void options(Syntax syntax) {
    List<String> forms = new ArrayList<>();
    syntax.parameters().forEach(parameter -> forms.add(parameter.form()));
    syntax.options().forEach(option -> forms.add(option.form()));
    int longest =
        forms.stream()
            .mapToInt(String::length)
            .filter(size -> size <= LONGEST_NAME)
            .max()
            .orElse(0);
    int column = NAMES + longest + 3;
    for (Parameter parameter : syntax.parameters()) {
      described("      " + parameter.form(), column, parameter.description());
    }
    for (Option option : syntax.options()) {
      String before = option.letter().isEmpty() ? "      " : "  " + option.letter() + ", ";
      described(before + option.form(), column, option.description());
    }
  }

  private void commands(List<Syntax> commands) {
    if (commands.isEmpty()) {
      return;
    }
    line("Commands:");
    int longest = commands.stream().mapToInt(each -> each.command().length()).max().orElse(0);
    for (Syntax command : commands) {
      described("  " + command.command(), longest + 4, command.description().getFirst());
    }
  }

  private void described(String what, int column, String description) {
    String start = what;
    if (what.length() + 2 > column) {
      line(what);
      start = "";
    }
    wrap(start + " ".repeat(column - start.length()), description, column + HANGING);
  }

  /** Writes words behind {@code start}, and what is too much on lines that are indented. */
  private void wrap(String start, String words, int indent) {
    StringBuilder line = new StringBuilder(start);
    for (String word : words.split("(?<= )", -1)) { // each with the space behind it
      if (line.length() + word.length() > WIDTH) {
        line(line.toString().stripTrailing());
        line.setLength(0);
        line.append(" ".repeat(indent));
      }
      line.append(word);
    }
    line(line.toString());
  }

  private void line(String line) {
    page.append(line).append(System.lineSeparator());
  }
}
