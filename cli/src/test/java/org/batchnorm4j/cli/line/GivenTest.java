package org.batchnorm4j.cli.line;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class GivenTest {
  private static final Syntax SYNTAX =
      Syntax.of("program command", "Does it.")
          .withParameters(
              Parameter.once("FIRST", "The first."), Parameter.repeated("REST", "The others."))
          .withOptions(
              Option.value("--count", "N", "How many."),
              Option.value("--rate", "R", "How fast."),
              Option.value("--out", "FILE", "Where to."),
              Option.flag("--fast", "Faster.").withLetter("-f"),
              Option.flag("--loud", "Louder.").withLetter("-l"),
              Option.HELP);

  private static Given read(String... words) {
    return Given.read(SYNTAX, List.of(words));
  }

  @Test
  void optionsStandAnywhereAndTwoDashesEndThem() {
    Given given = read("a", "--count=3", "-", "--out", "x=y", "--", "--fast", "--");
    assertEquals(List.of("a", "-", "--fast", "--"), given.parameters());
    assertEquals(3, given.integer("--count"));
    assertEquals(Path.of("x=y"), given.path("--out"));
    assertFalse(given.has("--fast"));
    assertNull(given.real("--rate"));
  }

  @Test
  void valuesMayLookLikeOptionsThatThereAreNot() {
    assertEquals(-1.5, read("a", "b", "--rate", "-1.5").real("--rate"));
    assertEquals("", read("a", "b", "--out=").text("--out"));
    assertEquals(
        Long.MIN_VALUE, read("a", "b", "--count", "" + Long.MIN_VALUE).longInteger("--count"));
  }

  @Test
  void lettersMayStandTogether() {
    Given given = read("-lf", "a", "b");
    assertTrue(given.has("--fast") && given.has("--loud"));
    for (String word : List.of("-lx", "-lf=3", "-=3")) {
      String message = assertThrows(UsageException.class, () -> read(word, "a", "b")).getMessage();
      assertTrue(
          message.startsWith("there is no option \"" + word.replace("=3", "") + "\""), message);
    }
  }

  @Test
  void whatIsMissingOrTooLargeIsSaid() {
    assertEquals(
        "REST is missing", assertThrows(UsageException.class, () -> read("a")).getMessage());
    assertEquals(
        "--fast is given twice",
        assertThrows(UsageException.class, () -> read("-f", "--fast")).getMessage());
    Given large = read("a", "b", "--count", "2147483648");
    assertEquals(
        "--count is \"2147483648\", expected at most 2147483647",
        assertThrows(UsageException.class, () -> large.integer("--count")).getMessage());
    assertEquals(2147483648L, large.longInteger("--count"));
  }

  @Test
  void askingForAnOptionThatThereIsNotIsAMistakeOfTheProgram() {
    assertThrows(IllegalArgumentException.class, () -> read("a", "b").has("--slow"));
  }
}
