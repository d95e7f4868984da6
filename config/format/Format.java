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
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Stream;

/**
 * Checks the layout of every Java file of the project with google-java-format, or rewrites it: the
 * build runs {@code java -cp google-java-format.jar Format.java check|write ROOT CACHE}. Unused
 * imports count as layout.
 *
 * <p>The cache lists digests of contents known to be right under this formatter, so that an
 * unchanged file is not parsed again.
 */
public final class Format {

  private final Formatter formatter = new Formatter();
  private final boolean write;
  private final Set<String> known;
  private final Set<String> right = new ConcurrentSkipListSet<>();
  private final Set<String> wrong = new ConcurrentSkipListSet<>();

  private Format(boolean write, Set<String> known) {
    this.write = write;
    this.known = known;
  }

  /** Exits with 1 when a file is not as the formatter would write it, or cannot be parsed. */
  public static void main(String[] args) throws IOException {
    if (args.length != 3 || !Set.of("check", "write").contains(args[0])) {
      System.err.println("format: expected check or write, the root folder and the cache file");
      System.exit(2);
    }
    Path root = Path.of(args[1]);
    Path cache = Path.of(args[2]);
    Set<String> known = Files.exists(cache) ? new TreeSet<>(Files.readAllLines(cache)) : Set.of();
    Format format = new Format(args[0].equals("write"), known);
    List<Path> sources = sources(root);
    sources.parallelStream().forEach(file -> format.visit(root.relativize(file), file));
    Files.createDirectories(cache.getParent());
    Files.write(cache, format.right);
    if (format.wrong.isEmpty()) {
      System.out.println("format: " + sources.size() + " Java files are right");
      return;
    }
    format.wrong.forEach(line -> System.err.println("format: " + line));
    if (!format.write) {
      System.err.println("format: run  mvn -N -Dformat=write validate  to rewrite them");
    }
    System.exit(1);
  }

  private static List<Path> sources(Path root) throws IOException {
    try (Stream<Path> modules = Files.list(root)) {
      return modules
          .flatMap(folder -> Stream.of(folder.resolve("src"), folder.resolve("format")))
          .filter(Files::isDirectory)
          .flatMap(Format::javaFiles)
          .sorted()
          .toList();
    }
  }

  private static Stream<Path> javaFiles(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void visit(Path name, Path file) {
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
        System.out.println("format: rewrote " + name);
      } else {
        wrong.add(name + " differs from line " + firstDifference(found, wanted));
      }
    } catch (FormatterException | IOException e) {
      wrong.add(name + ": " + e.getMessage());
    }
  }

  private static int firstDifference(String found, String wanted) {
    int at = java.util.Arrays.mismatch(found.toCharArray(), wanted.toCharArray());
    return (int) found.substring(0, at).chars().filter(c -> c == '\n').count() + 1;
  }

  private static String digest(String text) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      sha.update(
          String.valueOf(Formatter.class.getProtectionDomain().getCodeSource().getLocation())
              .getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(sha.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
