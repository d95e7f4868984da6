package org.batchnorm4j.nearmisses;

import java.net.MalformedURLException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Where the sources and the built classes of the project lie.
 *
 * @param root folder of the project
 * @param buildDirectory name of the folder that a build writes into, in each module
 */
record BuiltProject(Path root, String buildDirectory) {

  /** The modules that tests may be in, each with those that its tests see. */
  private static final Map<String, List<String>> SEEN =
      Map.of(
          "core", List.of("core"),
          "simd", List.of("simd", "core"),
          "io", List.of("io", "core"),
          "training", List.of("training", "io", "simd", "core"),
          "cli", List.of("cli", "training", "io", "simd", "core"));

  static BuiltProject current() {
    return new BuiltProject(
        Path.of(System.getProperty("batchnorm4j.root", "..")),
        System.getProperty("batchnorm4j.build.dir", "target"));
  }

  Path source(String module, String type) {
    return root.resolve(module).resolve("src/main/java").resolve(type.replace('.', '/') + ".java");
  }

  /** Classes of all modules, for the compiler. */
  List<Path> classes() {
    return List.of("core", "simd", "io", "training", "cli").stream().map(this::classes).toList();
  }

  private Path classes(String module) {
    return root.resolve(module).resolve(buildDirectory).resolve("classes");
  }

  private Path testClasses(String module) {
    return root.resolve(module).resolve(buildDirectory).resolve("test-classes");
  }

  /** The class path of a module's tests, the project's own part of it. */
  List<URL> testPath(String module) throws MalformedURLException {
    List<URL> path = new ArrayList<>();
    path.add(testClasses(module).toUri().toURL());
    for (String seen : SEEN.get(module)) {
      path.add(classes(seen).toUri().toURL());
    }
    return path;
  }

  /** The module that a test class is in. */
  String moduleOf(String testClass) {
    for (String module : SEEN.keySet()) {
      if (Files.exists(testClasses(module).resolve(testClass.replace('.', '/') + ".class"))) {
        return module;
      }
    }
    throw new IllegalStateException(
        "test class "
            + testClass
            + " is in none of "
            + SEEN.keySet()
            + " below "
            + root
            + "; run this after their tests were compiled");
  }
}
