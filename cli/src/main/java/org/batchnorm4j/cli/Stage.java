package org.batchnorm4j.cli;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/**
 * What the launcher tells this JVM through system properties. The launcher starts up to two JVMs:
 * one that only checks the arguments, prints help or says what is wrong, without the vector module
 * and natives, and, when that one exits with {@link #WORK}, one that does the work. A command with
 * little to do may do it in the first.
 *
 * <p>Without the launcher no property is set and one JVM does everything. Used from one thread.
 */
final class Stage {

  /** Exit code of the checking JVM: the arguments are right and there is work to do. */
  static final int WORK = 75;

  private static final int STANDARD_ERROR = 2;

  private Stage() {}

  /** True when this JVM must stop, with {@link #WORK}, before any work worth another JVM. */
  static boolean onlyChecks() {
    return "check".equals(System.getProperty("batchnorm4j.stage"));
  }

  /**
   * Ends this JVM. The one that only checks does so without a look for a logger in every jar, which
   * {@link System#exit} takes: it has no work to leave in order at its end.
   */
  static void end(int exit) {
    if (onlyChecks()) {
      System.err.flush();
      Runtime.getRuntime().halt(exit);
    }
    System.exit(exit);
  }

  /**
   * Makes standard error the launcher's own again. Until here it went through a filter for the
   * JVM's line about the vector module; the descriptor named by {@code batchnorm4j.stderr} is the
   * terminal, file or pipe that the user chose. Does nothing when that property is not set; when
   * the call is not possible here, output goes on through the filter.
   */
  static void restoreStandardError() {
    Integer original = Integer.getInteger("batchnorm4j.stderr");
    if (original == null) {
      return;
    }
    System.err.flush();
    if (call("dup2", original, STANDARD_ERROR) == STANDARD_ERROR) {
      call("close", original);
    }
  }

  @SuppressWarnings("restricted") // the launcher passes --enable-native-access
  private static int call(String function, Integer... arguments) {
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor descriptor = FunctionDescriptor.of(JAVA_INT);
    for (int i = 0; i < arguments.length; i++) {
      descriptor = descriptor.appendArgumentLayouts(JAVA_INT);
    }
    MethodHandle handle =
        linker.downcallHandle(linker.defaultLookup().findOrThrow(function), descriptor);
    try {
      return (int) handle.invokeWithArguments((Object[]) arguments);
    } catch (Throwable e) {
      throw new IllegalStateException("calling " + function + " failed", e);
    }
  }
}
