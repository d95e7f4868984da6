package org.batchnorm4j.cli;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A {@link ChildMain} process, which hears signals, and the lines it printed. */
final class Child implements AutoCloseable {
  /** How long a child may take to end; it takes seconds. */
  private static final int LIMIT_SECONDS = 60;

  private final Process process;
  private final BufferedReader reader;
  private final List<String> lines = new ArrayList<>();
  private final List<String> signals = new ArrayList<>();

  private Child(Process process) {
    this.process = process;
    reader = process.inputReader(StandardCharsets.UTF_8);
  }

  static Child start(Path directory, String fault, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(Interrupts.hear());
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            // the first compiler and scalar kernels give the same bits and start sooner
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            classPath(),
            ChildMain.class.getName(),
            fault));
    command.addAll(arguments);
    return new Child(
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start());
  }

  /** Everything that this JVM has on its module path and class path. */
  private static String classPath() {
    return Stream.of(
            tests(), System.getProperty("jdk.module.path"), System.getProperty("java.class.path"))
        .filter(path -> path != null && !path.isEmpty())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static String tests() {
    URL url = Objects.requireNonNull(Child.class.getResource("Child.class"));
    try {
      Path file = Path.of(url.toURI());
      int names = Child.class.getName().split("\\.", -1).length;
      Path folder = file;
      for (int i = 0; i < names; i++) {
        folder = Objects.requireNonNull(folder.getParent());
      }
      return folder.toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads lines until there are {@code count} that begin with {@code @}, or the process ends. */
  void awaitSteps(int count) throws IOException {
    while (steps().size() < count) {
      String line = reader.readLine();
      if (line == null) {
        return;
      }
      lines.add(line);
    }
  }

  /** Reads lines until one contains {@code text}, or the process ends. */
  void await(String text) throws IOException {
    String line = "";
    while (line != null && !line.contains(text)) {
      line = reader.readLine();
      if (line != null) {
        lines.add(line);
      }
    }
  }

  /** As {@code kill -9}. */
  void kill() {
    process.toHandle().destroyForcibly(); // Process.destroyForcibly would drop unread lines
  }

  /** Sends a signal by its name. */
  void signal(String name) throws IOException, InterruptedException {
    signals.add(name);
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
        .inheritIO()
        .start()
        .waitFor();
  }

  /** Sends a signal every 100 ms until the process is gone, for ten seconds at most. */
  void signalUntilEnd(String name) throws IOException, InterruptedException {
    for (int i = 0; i < 100 && process.isAlive(); i++) {
      signal(name);
      process.waitFor(100, TimeUnit.MILLISECONDS);
    }
  }

  /**
   * Reads the rest of the lines and returns the exit code.
   *
   * @throws IOException if it does not end within a minute; it is killed then
   */
  int finish() throws IOException {
    CompletableFuture<Boolean> late =
        process
            .toHandle()
            .onExit()
            .thenApply(ended -> false)
            .completeOnTimeout(true, LIMIT_SECONDS, TimeUnit.SECONDS);
    late.thenAccept(
        isLate -> {
          if (isLate) {
            kill();
          }
        });
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      lines.add(line);
    }
    if (late.join()) {
      throw new IOException(
          "the child did not end by itself within "
              + LIMIT_SECONDS
              + " s"
              + (signals.isEmpty()
                  ? ""
                  : " of " + signals + " (does what started this build ignore them?)")
              + "; it printed "
              + lines);
    }
    return process.onExit().join().exitValue();
  }

  /** All lines read so far. */
  List<String> lines() {
    return lines;
  }

  /** The steps of the disk among them, without the {@code @}. */
  List<String> steps() {
    return lines.stream()
        .filter(line -> line.startsWith("@"))
        .map(line -> line.substring(1))
        .toList();
  }

  /** Ends the process if it still runs. */
  @Override
  public void close() {
    process.destroyForcibly();
  }
}
