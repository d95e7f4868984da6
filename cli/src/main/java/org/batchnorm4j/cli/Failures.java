package org.batchnorm4j.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.batchnorm4j.cli.line.UsageException;

/**
 * Turns whatever goes wrong into one line and an exit code: 2 for wrong usage, 1 for the rest. The
 * stack is printed with {@code --verbose} or {@code -Dbatchnorm4j.trace=true} only.
 */
final class Failures {
  private static final int FAILURE = 1;
  private static final int USAGE = 2;

  private final PrintStream err;

  Failures(PrintStream err) {
    this.err = err;
  }

  /**
   * Says what went wrong and returns the exit code.
   *
   * @param name of the command
   * @param verbose whether the stack was asked for
   */
  int of(Exception e, String name, boolean verbose) {
    if (verbose || Boolean.getBoolean("batchnorm4j.trace")) {
      e.printStackTrace(err);
    }
    if (e instanceof UsageException) {
      err.println(name + ": " + e.getMessage() + "; try " + name + " --help");
      return USAGE;
    }
    err.println(name + ": " + describe(e));
    return FAILURE;
  }

  /** What went wrong, in one line. */
  static String describe(Exception e) {
    String message = e.getMessage();
    if (e instanceof FileSystemException file && file.getReason() == null) {
      return file.getFile() + ": " + reason(file);
    }
    boolean said =
        e instanceof IOException
            || e instanceof IllegalArgumentException
            || e instanceof IllegalStateException
            || e instanceof ArithmeticException;
    if (said && message != null) {
      return message.lines().findFirst().orElse("");
    }
    return "this should not happen: " + e + "; please report it with the output of --verbose";
  }

  private static String reason(FileSystemException e) {
    if (e instanceof NoSuchFileException) {
      return "there is no such file or directory";
    }
    if (e instanceof AccessDeniedException) {
      return "access is denied";
    }
    return "it cannot be read or written (" + e.getClass().getSimpleName() + ")";
  }

  /** One line for a heap that is too small. */
  int outOfMemory(OutOfMemoryError e) {
    err.println(
        "batchnorm4j: the memory of the JVM is too small ("
            + e.getMessage()
            + "); a smaller --batch-size needs less, BATCHNORM4J_JAVA_OPTS=-Xmx4g grants more");
    return FAILURE;
  }

  /** One line for results that did not reach standard output. */
  int outputLost() {
    err.println(
        "batchnorm4j: standard output took not all of what was printed: it is full or closed; files"
            + " of a run are not touched by that");
    return FAILURE;
  }
}
