package org.batchnorm4j.cli.line;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/**
 * What was written behind a command. The value of an option that was not given is null; the type
 * asked for is that of the option's definition. Used from one thread.
 */
public final class Given {
  private final ParseResult parsed;

  /** What picocli found, without errors. */
  public Given(ParseResult parsed) {
    this.parsed = parsed;
  }

  /** Whether the option without a value of that name was given. */
  public boolean has(String option) {
    return Boolean.TRUE.equals(value(option));
  }

  /** What was given without a name, in order. */
  public List<String> parameters() {
    List<String> words = new ArrayList<>();
    for (PositionalParamSpec parameter : parsed.commandSpec().positionalParameters()) {
      words.addAll(parameter.stringValues());
    }
    return words;
  }

  /** The value of the option of that name. */
  public @Nullable String text(String option) {
    return (String) value(option);
  }

  /** The value as a whole number. */
  public @Nullable Integer integer(String option) {
    return (Integer) value(option);
  }

  /** The value as a whole number of 64 bits. */
  public @Nullable Long longInteger(String option) {
    return (Long) value(option);
  }

  /** The value as a number. */
  public @Nullable Double real(String option) {
    return (Double) value(option);
  }

  /** The value as a path. */
  public @Nullable Path path(String option) {
    return (Path) value(option);
  }

  /** The path of an option that must be given. */
  public Path requiredPath(String option) {
    return Objects.requireNonNull(path(option), option);
  }

  private @Nullable Object value(String option) {
    OptionSpec known = parsed.commandSpec().findOption(option);
    if (known == null) {
      throw new IllegalArgumentException(
          parsed.commandSpec().qualifiedName() + " has no option " + option);
    }
    return known.getValue();
  }
}
