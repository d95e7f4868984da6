package org.batchnorm4j.nearmisses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * Plants the faults of {@code faults.txt} one at a time and requires that a test named there fails.
 * The property {@code batchnorm4j.near-misses} says which: {@code some} (those marked for every
 * build), {@code all}, or {@code write} (all, and the table in {@code docs} anew).
 */
final class NearMissesTest {
  private static final String WHICH = System.getProperty("batchnorm4j.near-misses", "some");
  private static final BuiltProject PROJECT = BuiltProject.current();
  private static final ExecutorService THREADS =
      Executors.newFixedThreadPool(Math.min(4, Runtime.getRuntime().availableProcessors()));

  private static final Map<Fault, Future<?>> TRIALS = new LinkedHashMap<>();

  @TempDir private static Path scratch;

  /** All of them at once, beside the run without faults. */
  @BeforeAll
  static void begin() throws IOException {
    Planter planter = new Planter(PROJECT);
    for (Fault fault : faults()) {
      TRIALS.put(
          fault,
          THREADS.submit(
              () -> {
                requireCaught(planter, fault);
                return null;
              }));
    }
  }

  @AfterAll
  static void stop() {
    THREADS.shutdownNow();
  }

  @Test
  void everyFaultFitsItsSourceAndHasATitleOfItsOwn() throws IOException {
    Planter planter = new Planter(PROJECT);
    Set<String> titles = new HashSet<>();
    for (Fault fault : FaultList.read()) {
      planter.faulty(fault);
      assertTrue(titles.add(fault.title()), fault.title());
    }
  }

  @Test
  void tableInTheDocumentationIsThatOfTheList() throws IOException {
    Path table = PROJECT.root().resolve("docs/near-misses.md");
    String text = FaultTable.markdown(FaultList.read());
    if (WHICH.equals("write")) {
      Files.writeString(table, text);
    }
    assertEquals(text, Files.readString(table), "docs/near-misses.md: write it with -Pnear-misses");
  }

  @Test
  void withoutFaultsTheNamedTestsPass() throws Exception {
    Set<String> tests = new TreeSet<>();
    faults().forEach(fault -> tests.addAll(fault.caughtBy()));
    for (Map.Entry<String, List<String>> part : byModule(tests).entrySet()) {
      TestExecutionSummary result = Trial.run(PROJECT.testPath(part.getKey()), part.getValue());
      assertEquals(List.of(), names(result));
      assertTrue(result.getTestsSucceededCount() >= part.getValue().size(), "a test did not run");
    }
  }

  @TestFactory
  Stream<DynamicTest> eachFaultIsCaughtByATestThatIsNamedForIt() {
    return TRIALS.entrySet().stream()
        .map(trial -> dynamicTest(trial.getKey().title(), trial.getValue()::get));
  }

  private static List<Fault> faults() throws IOException {
    return FaultList.read().stream().filter(f -> f.often() || !WHICH.equals("some")).toList();
  }

  private static void requireCaught(Planter planter, Fault fault) throws IOException {
    Path folder = Files.createTempDirectory(scratch, "fault");
    planter.plant(fault, folder);
    Map<String, List<String>> parts = byModule(fault.caughtBy());
    for (Map.Entry<String, List<String>> part : parts.entrySet()) {
      for (String test : part.getValue()) {
        TestExecutionSummary result = Trial.run(path(folder, part.getKey()), List.of(test));
        assertTrue(
            result.getTestsFailedCount() > 0, () -> "survived " + test + ": " + fault.title());
      }
    }
  }

  private static List<URL> path(Path folder, String module) throws MalformedURLException {
    List<URL> path = new ArrayList<>();
    path.add(folder.toUri().toURL());
    path.addAll(PROJECT.testPath(module));
    return path;
  }

  private static Map<String, List<String>> byModule(Iterable<String> tests) {
    Map<String, List<String>> parts = new TreeMap<>();
    for (String test : tests) {
      int hash = test.indexOf('#');
      String module = PROJECT.moduleOf(hash < 0 ? test : test.substring(0, hash));
      parts.computeIfAbsent(module, key -> new ArrayList<>()).add(test);
    }
    return parts;
  }

  private static List<String> names(TestExecutionSummary result) {
    return result.getFailures().stream()
        .map(failure -> failure.getTestIdentifier().getUniqueId() + ": " + failure.getException())
        .toList();
  }
}
