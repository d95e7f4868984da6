import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import com.google.googlejavaformat.java.ImportOrderer;
import com.google.googlejavaformat.java.JavaFormatterOptions.Style;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * Compares files with what google-java-format would write, or writes that; unused imports count as
 * layout. May be used from many threads.
 */
final class Layout {

  private final Formatter formatter = new Formatter();
  private final boolean write;
  private final Set<String> known;
  private final Set<String> right = new ConcurrentSkipListSet<>();
  private final Set<String> wrong = new ConcurrentSkipListSet<>();

  Layout(boolean write, Set<String> known) {
    this.write = write;
    this.known = known;
  }

  /** Digests of the contents that were found, or made, right. */
  Set<String> right() {
    return right;
  }

  /** One line for each file that is not right. */
  Set<String> wrong() {
    return wrong;
  }

  void visit(Path name, Path file) {
    try {
      String found = Files.readString(file);
      String digest = digest(found);
      if (known.contains(digest)) {
        right.add(digest);
        return;
      }
      String ordered = ImportOrderer.reorderImports(found, Style.GOOGLE);
      String wanted = formatter.formatSource(RemoveUnusedImports.removeUnusedImports(ordered));
      if (found.equals(wanted)) {
        right.add(digest);
      } else if (write) {
        Files.writeString(file, wanted);
        right.add(digest(wanted));
        System.out.println("checks: rewrote " + name);
      } else {
        wrong.add(name + ":" + firstDifference(found, wanted) + ": layout");
      }
    } catch (FormatterException | IOException e) {
      wrong.add(name + ": " + e.getMessage());
    }
  }

  private static long firstDifference(String found, String wanted) {
    int at = Arrays.mismatch(found.toCharArray(), wanted.toCharArray());
    return found.substring(0, at).chars().filter(c -> c == '\n').count() + 1;
  }

  /** Depends on the formatter's version too, by the name of its jar. */
  private static String digest(String text) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(
          Formatter.class
              .getProtectionDomain()
              .getCodeSource()
              .getLocation()
              .toString()
              .getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(sha.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
