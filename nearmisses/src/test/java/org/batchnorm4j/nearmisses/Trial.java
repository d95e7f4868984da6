package org.batchnorm4j.nearmisses;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** Runs tests on classes of their own, so that a fault stays where it was planted. */
final class Trial {
  private static final LauncherConfig JUPITER_ALONE =
      LauncherConfig.builder()
          .enableTestEngineAutoRegistration(false)
          .enableLauncherSessionListenerAutoRegistration(false)
          .enableLauncherDiscoveryListenerAutoRegistration(false)
          .enableTestExecutionListenerAutoRegistration(false)
          .enablePostDiscoveryFilterAutoRegistration(false)
          .addTestEngines(new JupiterTestEngine())
          .build();

  private Trial() {}

  /**
   * Runs tests.
   *
   * @param path where classes of the project come from, the first place that has one
   * @param tests {@code package.Class#method} or {@code package.Class}
   * @return what ran and what failed
   */
  static TestExecutionSummary run(List<URL> path, List<String> tests) throws IOException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (OwnClasses classes = new OwnClasses(path)) {
      thread.setContextClassLoader(classes);
      List<DiscoverySelector> selectors = new ArrayList<>();
      for (String test : tests) {
        addSelectors(classes, test, selectors);
      }
      SummaryGeneratingListener summary = new SummaryGeneratingListener();
      LauncherFactory.create(JUPITER_ALONE)
          .execute(LauncherDiscoveryRequestBuilder.request().selectors(selectors).build(), summary);
      return summary.getSummary();
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("a test named in faults.txt is missing: " + tests, e);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static void addSelectors(
      ClassLoader classes, String test, List<DiscoverySelector> selectors)
      throws ClassNotFoundException {
    int hash = test.indexOf('#');
    if (hash < 0) {
      selectors.add(selectClass(classes.loadClass(test)));
      return;
    }
    Class<?> type = classes.loadClass(test.substring(0, hash));
    String name = test.substring(hash + 1);
    boolean found = false;
    for (Method method : type.getDeclaredMethods()) {
      if (method.getName().equals(name)) {
        selectors.add(selectMethod(type, method));
        found = true;
      }
    }
    if (!found) {
      throw new IllegalStateException("faults.txt: " + type + " has no method " + name);
    }
  }

  /** Takes the project's classes from its own path first, everything else from the outside. */
  private static final class OwnClasses extends URLClassLoader {

    OwnClasses(List<URL> path) {
      super(path.toArray(URL[]::new), OwnClasses.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("org.batchnorm4j.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        return known != null ? known : findClass(name);
      }
    }

    @Override
    public URL getResource(String name) {
      URL own = findResource(name);
      return own != null ? own : super.getResource(name);
    }
  }
}
