package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Whether child processes hear the signal INT. A shell without jobs starts what it puts in the
 * background, such as a build, with INT ignored, and every process inherits that.
 */
final class Interrupts {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String IGNORED = "SigIgn:";
  private static final int INT = 2;

  /** Of coreutils 8.31 and newer. */
  private static final List<String> HEAR = List.of("env", "--default-signal=INT");

  private Interrupts() {}

  /** What stands before a command so that it hears INT: nothing if it does anyway. */
  static List<String> hear() throws IOException {
    return isIgnored() && canHear() ? HEAR : List.of();
  }

  /** Skips a test that sends INT to a child, where no child hears it. */
  static void assumeHeard() throws IOException {
    assumeTrue(
        !isIgnored() || canHear(),
        "INT is ignored by what started this build, and env knows no --default-signal: build in the"
            + " foreground to run this test");
  }

  /** False where there is no {@code /proc} to tell. */
  private static boolean isIgnored() throws IOException {
    if (!Files.exists(STATUS)) {
      return false;
    }
    return Files.readAllLines(STATUS).stream()
        .filter(line -> line.startsWith(IGNORED))
        .map(line -> Long.parseUnsignedLong(line.substring(IGNORED.length()).strip(), 16))
        .anyMatch(mask -> (mask >> (INT - 1) & 1) != 0);
  }

  private static boolean canHear() throws IOException {
    Process env = new ProcessBuilder(HEAR.getFirst(), HEAR.getLast(), "true").start();
    return env.onExit().join().exitValue() == 0;
  }
}
