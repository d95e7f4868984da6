package org.batchnorm4j.cli.line;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

class GivenTest {

  private static Given read(String... words) {
    CommandLine line =
        new CommandLine(
            Definition.command("program", "Does it.")
                .addPositional(Definition.parameters("FILE", "The files."))
                .addOption(Definition.whole("--count", "N", "How many."))
                .addOption(Definition.value(Long.class, "--seed", "N", "Which."))
                .addOption(Definition.value(Double.class, "--rate", "R", "How fast."))
                .addOption(Definition.value(Path.class, "--out", "FILE", "Where to."))
                .addOption(Definition.text("--name", "TEXT", "What."))
                .addOption(Definition.flag("--fast", "Faster."))
                .addOption(Definition.help()));
    ParseResult parsed = line.parseArgs(words);
    ParseErrors.refuse(parsed);
    return new Given(parsed);
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
    assertEquals("", read("a", "b", "--name=").text("--name"));
    assertEquals(
        Long.MIN_VALUE, read("a", "b", "--seed", "" + Long.MIN_VALUE).longInteger("--seed"));
  }

  @Test
  void wordsAreTakenAsTheyAre(@TempDir Path folder) throws IOException {
    String file = "@" + Files.writeString(folder.resolve("words"), "--fast");
    Given given = read(file, "--name", "\"${user.home}\"", "'b'", "--out", file);
    assertEquals(List.of(file, "'b'"), given.parameters());
    assertEquals("\"${user.home}\"", given.text("--name"));
    assertEquals(Path.of(file), given.path("--out"));
    assertFalse(given.has("--fast"));
  }

  @Test
  void whatIsUnknownIsSaidBeforeWhatIsWrongAndWhatIsMissing() {
    for (String line :
        List.of("--slow", "--count x --slow", "--rate --slow --slow", "a --slow=1")) {
      assertEquals(
          "there is no option \"--slow\"",
          assertThrows(UsageException.class, () -> read(line.split(" "))).getMessage(),
          line);
    }
    assertEquals(
        "FILE is missing", assertThrows(UsageException.class, () -> read("--fast")).getMessage());
    assertEquals(
        "--fast is given twice",
        assertThrows(UsageException.class, () -> read("a", "--fast", "--fast")).getMessage());
    assertTrue(read("a", "--fast").has("--fast"));
  }

  @Test
  void askingForAnOptionThatThereIsNotIsAMistakeOfTheProgram() {
    Given given = read("a", "b");
    assertThrows(IllegalArgumentException.class, () -> given.has("--slow"));
  }
}
