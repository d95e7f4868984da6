package org.batchnorm4j.cli.line;

import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * Commands, options and parameters in picocli's model, as all commands have them. Built by calls,
 * because every start would pay for annotations, which picocli reads by reflection. Stateless; what
 * it makes is for one reading in one thread.
 */
public final class Definition {
  private Definition() {}

  /**
   * A command without options and parameters.
   *
   * @param name with that of the program before it, such as {@code batchnorm4j train}
   * @param description paragraphs of its help page, the first one also for the page of the program
   */
  public static CommandSpec command(String name, String... description) {
    CommandSpec command = CommandSpec.create().name(name).interpolateVariables(false);
    command.usageMessage().description(description).sortOptions(false);
    command.parser().collectErrors(true).expandAtFiles(false);
    return command;
  }

  /** An option without a value. */
  public static OptionSpec flag(String name, String description) {
    return switchable(description, name).build();
  }

  /** An option whose value is text. */
  public static OptionSpec text(String name, String label, String description) {
    return value(String.class, name, label, description);
  }

  /** An option whose value is a whole number. */
  public static OptionSpec whole(String name, String label, String description) {
    return value(Integer.class, name, label, description);
  }

  /**
   * An option with a value.
   *
   * @param type one that picocli reads
   * @param label what help calls the value
   */
  public static OptionSpec value(Class<?> type, String name, String label, String description) {
    return valued(type, name, label, description).build();
  }

  /** An option whose value is a path and must be given. */
  public static OptionSpec requiredPath(String name, String label, String description) {
    return valued(Path.class, name, label, description).required(true).build();
  }

  /** Shows the help page; wins over whatever is wrong with other words. */
  public static OptionSpec help() {
    return switchable("Show this help.", "-h", "--help").usageHelp(true).build();
  }

  /** Shows versions; wins over whatever is wrong with other words, but not over help. */
  public static OptionSpec version(String description) {
    return switchable(description, "-V", "--version").versionHelp(true).build();
  }

  /** Prints the stack behind an error. */
  public static OptionSpec verbose() {
    return flag("--verbose", "Print the stack behind an error.");
  }

  /** A parameter that is given once. */
  public static PositionalParamSpec parameter(String label, String description) {
    return PositionalParamSpec.builder()
        .index("0")
        .required(true)
        .type(String.class)
        .paramLabel(label)
        .description(description)
        .build();
  }

  /** Parameters, one or more. */
  public static PositionalParamSpec parameters(String label, String description) {
    return PositionalParamSpec.builder()
        .arity("1..*")
        .required(true)
        .type(List.class)
        .auxiliaryTypes(String.class)
        .paramLabel(label)
        .description(description)
        .build();
  }

  private static OptionSpec.Builder switchable(String description, String... names) {
    return OptionSpec.builder(names).type(boolean.class).description(description);
  }

  private static OptionSpec.Builder valued(
      Class<?> type, String name, String label, String description) {
    return OptionSpec.builder(name).type(type).paramLabel(label).description(description);
  }
}
