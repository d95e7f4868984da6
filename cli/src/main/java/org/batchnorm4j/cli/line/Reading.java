package org.batchnorm4j.cli.line;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.batchnorm4j.io.FormatException;
import org.jspecify.annotations.Nullable;

/** One reading of the words behind a command. Used from one thread. */
final class Reading {
  private final Syntax syntax;
  private final Map<String, String> values = new TreeMap<>();
  private final List<String> parameters = new ArrayList<>();
  private @Nullable String unknown;

  Reading(Syntax syntax) {
    this.syntax = syntax;
  }

  Given read(List<String> words) {
    Iterator<String> rest = words.iterator();
    boolean ended = false;
    while (rest.hasNext()) {
      String word = rest.next();
      if (ended || !word.startsWith("-") || word.equals("-")) {
        parameters.add(word);
      } else if (word.equals("--")) {
        ended = true;
      } else {
        option(word, rest);
      }
    }
    if (!values.containsKey(Option.HELP.name())) {
      refuse();
    }
    return new Given(syntax, values, parameters);
  }

  private void option(String word, Iterator<String> rest) {
    int equals = word.indexOf('=');
    String name = equals < 0 ? word : word.substring(0, equals);
    Optional<Option> known = syntax.option(name);
    if (known.isEmpty()) {
      List<Option> letters = letters(word);
      letters.forEach(each -> put(each, ""));
      if (letters.isEmpty() && unknown == null) {
        unknown = name;
      }
      return;
    }
    Option option = known.get();
    String value = equals < 0 ? null : word.substring(equals + 1);
    if (!option.takesValue()) {
      if (value != null) {
        throw Given.wrong(option.name(), value, "no value");
      }
      value = "";
    } else if (value == null) {
      value = rest.hasNext() ? rest.next() : null;
      if (value == null || syntax.option(value).isPresent()) {
        throw new UsageException(option.name() + " needs a value, " + option.label());
      }
    }
    put(option, value);
  }

  /** The options of short forms in one word, such as {@code -hV}; none if one is unknown. */
  private List<Option> letters(String word) {
    List<Option> options = new ArrayList<>();
    for (int i = 1; i < word.length(); i++) {
      Optional<Option> option = syntax.option("-" + word.charAt(i));
      if (option.isEmpty() || option.get().takesValue()) {
        return List.of();
      }
      options.add(option.get());
    }
    return options;
  }

  private void put(Option option, String value) {
    if (values.put(option.name(), value) != null) {
      throw new UsageException(option.name() + " is given twice");
    }
  }

  /** Refuses what is unknown before what is missing: a misspelt word explains that it is. */
  private void refuse() {
    if (unknown != null) {
      throw new UsageException(
          "there is no option "
              + FormatException.quote(unknown)
              + Suggestion.of(unknown, syntax.names()));
    }
    int most = syntax.parameters().size();
    if (parameters.size() > most && (most == 0 || !syntax.parameters().getLast().repeated())) {
      throw new UsageException(
          FormatException.quote(parameters.get(most)) + " is one argument too many");
    }
    if (parameters.size() < most) {
      throw new UsageException(syntax.parameters().get(parameters.size()).label() + " is missing");
    }
    for (Option option : syntax.options()) {
      if (option.required() && !values.containsKey(option.name())) {
        throw new UsageException(option.name() + " " + option.label() + " is missing");
      }
    }
  }
}
