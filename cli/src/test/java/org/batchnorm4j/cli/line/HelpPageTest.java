package org.batchnorm4j.cli.line;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class HelpPageTest {
  private static final String TEN = "abcd efgh ";

  @Test
  void longNamesHaveALineOfTheirOwnAndDoNotMoveTheOthers() {
    Syntax syntax =
        Syntax.of("program command", "Does it.")
            .withParameters(Parameter.repeated("FILE", "What to read."))
            .withOptions(
                Option.value("--name-of-20-charact", "", "It stands beside."),
                Option.value("--name-of-22-character", "", "It stands above."),
                Option.required("--out", "FILE", "Where to."),
                Option.HELP)
            .withFooter("", "  That is all.");
    assertEquals(
        """
        Usage: program command [-h] [--name-of-20-charact] [--name-of-22-character]
                               --out=FILE FILE...
        Does it.
              FILE...                What to read.
              --name-of-20-charact   It stands beside.
              --name-of-22-character
                                     It stands above.
              --out=FILE             Where to.
          -h, --help                 Show this help.

          That is all.
        """,
        HelpPage.of(syntax, List.of()));
  }

  @Test
  void theLastWordMayEndInColumn80AndOthersInColumn79() {
    assertEquals(TEN.repeat(7) + "abcd efghi\n", paragraph(TEN.repeat(7) + "abcd efghi"));
    assertEquals(TEN.repeat(7) + "abcd\nefghi j\n", paragraph(TEN.repeat(7) + "abcd efghi j"));
    assertEquals("  indented\n\n", paragraph("  indented") + paragraph(""));
  }

  @Test
  void commandsAreListedWithTheirFirstParagraph() {
    Syntax one = Syntax.of("program one", TEN.repeat(8).strip(), "More.");
    Syntax three = Syntax.of("program three", "Third.");
    String page = HelpPage.of(Syntax.of("program", "Does it."), List.of(one, three));
    assertEquals(
        "Commands:\n  one    "
            + TEN.repeat(7).strip()
            + "\n           abcd efgh\n  three  Third.\n",
        page.substring(page.indexOf("Commands:")));
  }

  private static String paragraph(String text) {
    String page = HelpPage.of(Syntax.of("program", text), List.of());
    return page.substring(page.indexOf('\n') + 1);
  }
}
