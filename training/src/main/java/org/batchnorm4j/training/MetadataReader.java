package org.batchnorm4j.training;

import java.util.Map;
import java.util.NoSuchElementException;

/** Texts of a checkpoint, read by name. Immutable. */
record MetadataReader(Map<String, String> texts) {

  /**
   * Returns a text.
   *
   * @throws NoSuchElementException if there is none; the message names it
   */
  String text(String name) {
    String text = texts.get(name);
    if (text == null) {
      throw new NoSuchElementException("metadata \"" + name + "\" is missing");
    }
    return text;
  }

  /** Returns a text as a whole number. */
  int integer(String name) {
    return Integer.parseInt(text(name));
  }

  /** Returns a text as a whole number of 64 bits. */
  long longInteger(String name) {
    return Long.parseLong(text(name));
  }
}
