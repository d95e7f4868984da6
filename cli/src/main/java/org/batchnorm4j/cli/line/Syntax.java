package org.batchnorm4j.cli.line;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What can be written behind a command, in the order of its help page. Immutable and safe for use
 * by many threads.
 *
 * @param name the command with the program before it, such as {@code batchnorm4j train}
 * @param description paragraphs of its help page, the first one also for the page of the program
 * @param parameters what is written without a name
 * @param options what is written by name
 * @param footer lines that end the help page as they are
 */
public record Syntax(
    String name,
    List<String> description,
    List<Parameter> parameters,
    List<Option> options,
    List<String> footer) {

  /** Copies the lists. */
  public Syntax {
    description = List.copyOf(description);
    parameters = List.copyOf(parameters);
    options = List.copyOf(options);
    footer = List.copyOf(footer);
  }

  /** A command without parameters, options and footer. */
  public static Syntax of(String name, String... description) {
    return new Syntax(name, List.of(description), List.of(), List.of(), List.of());
  }

  /** The same with these parameters. */
  public Syntax withParameters(Parameter... parameters) {
    return new Syntax(name, description, List.of(parameters), options, footer);
  }

  /** The same with these options behind those that are there. */
  public Syntax withOptions(List<Option> more) {
    List<Option> all = new ArrayList<>(options);
    all.addAll(more);
    return new Syntax(name, description, parameters, all, footer);
  }

  /** The same with these options behind those that are there. */
  public Syntax withOptions(Option... more) {
    return withOptions(List.of(more));
  }

  /** The same with these last lines. */
  public Syntax withFooter(String... footer) {
    return new Syntax(name, description, parameters, options, List.of(footer));
  }

  /** The command without the program. */
  public String command() {
    return name.substring(name.lastIndexOf(' ') + 1);
  }

  Optional<Option> option(String word) {
    return options.stream().filter(option -> option.isCalled(word)).findFirst();
  }

  /** All names and letters of options. */
  List<String> names() {
    List<String> names = new ArrayList<>();
    for (Option option : options) {
      if (!option.letter().isEmpty()) {
        names.add(option.letter());
      }
      names.add(option.name());
    }
    return names;
  }
}
