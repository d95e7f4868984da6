package org.batchnorm4j.training;

import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.batchnorm4j.io.FormatException;

/**
 * Texts of a checkpoint, read by name. What is wrong with one is said with its full name, its value
 * in quotes and cut, and what was expected. Immutable.
 *
 * @param texts all texts by their full names
 * @param what what a text is called in messages, such as {@code metadata}
 * @param prefix what full names begin with before the names asked for
 */
record MetadataReader(Map<String, String> texts, String what, String prefix) {
  private static final String WHOLE = "a whole number";

  /** A reader of the metadata of a file. */
  MetadataReader(Map<String, String> texts) {
    this(texts, "metadata", "");
  }

  /** A reader of the texts whose names begin with {@code more}. */
  MetadataReader under(String more) {
    return new MetadataReader(texts, what, prefix + more);
  }

  private String title(String name) {
    return what + " \"" + prefix + name + "\"";
  }

  /** Returns whether there is such a text. */
  boolean has(String name) {
    return texts.containsKey(prefix + name);
  }

  /**
   * Returns a text.
   *
   * @throws NoSuchElementException if there is none; the message names it
   */
  String text(String name) {
    String text = texts.get(prefix + name);
    if (text == null) {
      throw new NoSuchElementException(title(name) + " is missing");
    }
    return text;
  }

  /**
   * Returns what {@code parse} makes of a text.
   *
   * @param expected what a right text is, for the message
   * @throws IllegalArgumentException if {@code parse} throws it; the message says which text, its
   *     value and what was expected
   */
  <T> T parsed(String name, String expected, Function<String, T> parse) {
    String text = text(name);
    try {
      return parse.apply(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          title(name) + " is " + FormatException.quote(text) + ", expected " + expected, e);
    }
  }

  /**
   * Returns what {@code use} makes of texts whose form is right.
   *
   * @throws IllegalArgumentException if {@code use} throws it; the message names the text before it
   *     says what {@code use} says
   */
  <T> T accepted(String name, Supplier<T> use) {
    try {
      return use.get();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(title(name) + ": " + e.getMessage(), e);
    }
  }

  /** Returns a text as a whole number. */
  int integer(String name) {
    return parsed(name, WHOLE, Integer::parseInt);
  }

  /** Returns a text as a whole number of 64 bits. */
  long longInteger(String name) {
    return parsed(name, WHOLE, Long::parseLong);
  }

  /** Returns a text as a whole number that is not negative. */
  long count(String name, long most) {
    return parsed(
        name,
        WHOLE + " from 0 to " + most,
        text -> {
          long value = Long.parseLong(text);
          if (value < 0 || value > most) {
            throw new IllegalArgumentException("out of range");
          }
          return value;
        });
  }

  /** Returns a text as a number. */
  double number(String name) {
    return parsed(name, "a number", Double::parseDouble);
  }

  /** Returns a text as {@code true} or {@code false}. */
  boolean truth(String name) {
    return parsed(
        name,
        "true or false",
        text -> {
          if (!text.equals("true") && !text.equals("false")) {
            throw new IllegalArgumentException("neither");
          }
          return text.equals("true");
        });
  }
}
