package org.batchnorm4j.cli.line;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.batchnorm4j.io.FormatException;
import org.jspecify.annotations.Nullable;

/**
 * What was written behind a command. A value is looked at when it is asked for; that of an option
 * that was not given is null. Immutable and safe for use by many threads.
 */
public final class Given {
  private final Syntax syntax;
  private final Map<String, String> values;
  private final List<String> parameters;

  /**
   * Keeps what was read.
   *
   * @param values by the names of options; empty for those without a value
   */
  Given(Syntax syntax, Map<String, String> values, List<String> parameters) {
    this.syntax = syntax;
    this.values = Map.copyOf(values);
    this.parameters = List.copyOf(parameters);
  }

  /**
   * Reads the words behind a command. Options may stand anywhere; what follows {@code --} is none.
   * With {@code --help} the other words may be wrong or missing, but not the value of an option.
   *
   * @throws UsageException if an option is unknown, given twice, missing, or lacks its value, or
   *     has one and takes none, or if there are too few or too many parameters
   */
  public static Given read(Syntax syntax, List<String> words) {
    return new Reading(syntax).read(words);
  }

  /** Whether the option of that name was given. */
  public boolean has(String option) {
    return text(option) != null;
  }

  /** What was given without a name, in order. */
  public List<String> parameters() {
    return parameters;
  }

  /** The value of the option of that name. */
  public @Nullable String text(String option) {
    if (syntax.option(option).isEmpty()) {
      throw new IllegalArgumentException(syntax.name() + " has no option " + option);
    }
    return values.get(option);
  }

  /**
   * The value as a whole number.
   *
   * @throws UsageException if it is something else
   */
  public @Nullable Integer integer(String option) {
    return number(option, Integer::valueOf, whole(text(option), Integer.MAX_VALUE));
  }

  /**
   * The value as a whole number of 64 bits.
   *
   * @throws UsageException if it is something else
   */
  public @Nullable Long longInteger(String option) {
    return number(option, Long::valueOf, whole(text(option), Long.MAX_VALUE));
  }

  /**
   * The value as a number.
   *
   * @throws UsageException if it is something else
   */
  public @Nullable Double real(String option) {
    return number(option, Double::valueOf, "a number such as 0.001");
  }

  /** The value as a path. */
  public @Nullable Path path(String option) {
    String text = text(option);
    return text == null ? null : Path.of(text);
  }

  /** The value of an option without which {@link #read} refuses. */
  public String required(String option) {
    return Objects.requireNonNull(text(option), option);
  }

  private <T extends Number> @Nullable T number(
      String option, Function<String, T> reader, String expected) {
    String text = text(option);
    try {
      return text == null ? null : reader.apply(text);
    } catch (NumberFormatException e) {
      throw wrong(option, text, expected);
    }
  }

  private static String whole(@Nullable String text, long most) {
    return text != null && text.matches("[+-]?[0-9]+")
        ? "at most " + most
        : "a whole number such as 8";
  }

  static UsageException wrong(String option, @Nullable String text, String expected) {
    return new UsageException(
        option + " is " + FormatException.quote(String.valueOf(text)) + ", expected " + expected);
  }
}
