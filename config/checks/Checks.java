import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Reads the source of the whole project and says what is not as CONTRIBUTING.md asks: layout, as
 * google-java-format writes it, and documentation. The build runs {@code java -cp
 * google-java-format.jar Checks.java check|write ROOT CACHE}; {@code write} rewrites the layout.
 *
 * <p>The cache lists digests of contents whose layout is known to be right, so that an unchanged
 * file is not laid out again.
 */
public final class Checks {

  private Checks() {}

  /** Exits with 1 when something is found, one line for each finding. */
  public static void main(String[] args) throws IOException {
    if (args.length != 3 || !Set.of("check", "write").contains(args[0])) {
      System.err.println("checks: expected check or write, the root folder and the cache file");
      System.exit(2);
    }
    Path root = Path.of(args[1]);
    Path cache = Path.of(args[2]);
    Set<String> known = Files.exists(cache) ? new TreeSet<>(Files.readAllLines(cache)) : Set.of();
    List<Path> sources = sources(root);

    boolean write = args[0].equals("write");
    Layout layout = new Layout(write, known);
    sources.parallelStream().forEach(file -> layout.visit(root.relativize(file), file));
    Files.createDirectories(cache.getParent());
    Files.write(cache, layout.right());
    Set<String> findings = new TreeSet<>(layout.wrong());
    if (!write) {
      findings.addAll(Documentation.findings(root, sources));
    }

    findings.forEach(line -> System.err.println("checks: " + line));
    if (!write && !layout.wrong().isEmpty()) {
      System.err.println("checks: for the layout run  mvn -q -N -Dformat=write validate");
    }
    if (!findings.isEmpty()) {
      System.exit(1);
    }
    System.out.println("checks: " + sources.size() + " Java files are right");
  }

  private static List<Path> sources(Path root) throws IOException {
    try (Stream<Path> folders = Files.list(root)) {
      return folders
          .flatMap(folder -> Stream.of(folder.resolve("src"), folder.resolve("checks")))
          .filter(Files::isDirectory)
          .flatMap(Checks::javaFiles)
          .sorted()
          .toList();
    }
  }

  private static Stream<Path> javaFiles(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
