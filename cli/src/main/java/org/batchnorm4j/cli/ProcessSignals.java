package org.batchnorm4j.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/**
 * Ctrl-C (SIGINT) and a polite kill (SIGTERM): the first asks for a stop, the second ends the JVM
 * at once. Where the JVM has no {@code sun.misc.Signal}, or the process was started to ignore
 * signals, nothing is installed and the JVM's own way applies.
 *
 * <p>Safe for use by many threads.
 */
final class ProcessSignals implements StopSignal, InvocationHandler {
  private static final int BASE = 128;

  private volatile int received;

  private ProcessSignals() {}

  /** Starts to listen. */
  static StopSignal listen() {
    ProcessSignals signals = new ProcessSignals();
    for (String name : new String[] {"INT", "TERM"}) {
      signals.install(name);
    }
    return signals;
  }

  /** By reflection: the compiler warns of the class by its name and cannot be told not to. */
  private void install(String name) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, this);
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    } catch (ReflectiveOperationException unavailable) {
      // the JVM then ends at once at this signal, and the last checkpoint is what is left
    }
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // that is how handlers are told apart
  public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
      throws ReflectiveOperationException {
    if (arguments == null) {
      return method.getName().equals("hashCode") ? System.identityHashCode(proxy) : "stop signal";
    }
    if (method.getName().equals("equals")) {
      return proxy == arguments[0];
    }
    Object signal = arguments[0];
    int number = (int) signal.getClass().getMethod("getNumber").invoke(signal);
    if (received != 0) {
      Runtime.getRuntime().halt(BASE + number);
    }
    received = number;
    return null;
  }

  @Override
  public boolean requested() {
    return received != 0;
  }

  @Override
  public int exitCode() {
    return BASE + received;
  }
}
