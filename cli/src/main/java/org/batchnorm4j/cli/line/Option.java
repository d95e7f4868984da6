package org.batchnorm4j.cli.line;

/**
 * What can be written behind a command by name: {@code --name=value}, {@code --name value}, or
 * {@code --name} alone. Immutable and safe for use by many threads.
 *
 * @param letter the short form, such as {@code -h}, or empty
 * @param name such as {@code --help}
 * @param label what help calls the value, or empty for an option that has none
 * @param required whether the command needs it
 * @param description for help, a paragraph
 */
public record Option(
    String letter, String name, String label, boolean required, String description) {

  /** Shows the help page; wins over all but options without their value. */
  public static final Option HELP = flag("--help", "Show this help.").withLetter("-h");

  /** Prints the stack behind an error. */
  public static final Option VERBOSE = flag("--verbose", "Print the stack behind an error.");

  /** An option without a value. */
  public static Option flag(String name, String description) {
    return new Option("", name, "", false, description);
  }

  /** An option with a value. */
  public static Option value(String name, String label, String description) {
    return new Option("", name, label, false, description);
  }

  /** An option with a value that must be given. */
  public static Option required(String name, String label, String description) {
    return new Option("", name, label, true, description);
  }

  /** The same with a short form. */
  public Option withLetter(String letter) {
    return new Option(letter, name, label, required, description);
  }

  boolean takesValue() {
    return !label.isEmpty();
  }

  boolean isCalled(String word) {
    return word.equals(name) || (word.equals(letter) && !letter.isEmpty());
  }

  /** The name with its value, as help shows it. */
  String form() {
    return takesValue() ? name + "=" + label : name;
  }
}
