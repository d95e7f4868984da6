package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.constant.ClassDesc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher script in a checkout of its own, whose path has a space, with a Maven that only
 * packs a small program: what the script does around the build and the JVM, and nothing of the
 * commands.
 */
final class LauncherTest {

  private static final String PROGRAM =
      """
      package org.batchnorm4j.cli;

      public final class Main {
        public static void main(String[] arguments) throws Exception {
          String what = arguments.length == 0 ? "" : arguments[0];
          boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
          if (Stage.onlyChecks()) {
            if (what.startsWith("-")) {
              System.out.println("checked with vectors " + vectors);
            }
            System.exit(what.startsWith("-") ? 0 : what.equals("wrong") ? 2 : Stage.WORK);
          }
          if (!what.equals("filtered")) {
            Stage.restoreStandardError();
          }
          switch (what) {
            case "stdin" -> System.out.write(System.in.readAllBytes());
            case "settings" ->
                System.out.println(
                    System.getProperty("batchnorm4j.command") + "|" + System.getProperty("one") + "|"
                        + System.getProperty("two"));
            case "collector" ->
                System.out.println(
                    java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments()
                        .stream().filter(argument -> argument.endsWith("GC")).toList());
            case "wait" -> {
              System.err.print("half a line");
              Thread.sleep(60_000);
            }
            case "order" -> {
              for (int i = 0; i < 500; i++) {
                System.out.println(i);
                System.err.println(i);
              }
            }
            default -> System.err.println("worked with vectors " + vectors);
          }
          System.out.flush();
          System.exit(arguments.length > 1 ? Integer.parseInt(arguments[1]) : 0);
        }
      }

      final class Rehearsal {
        public static void main(String[] arguments) throws Exception {
          java.nio.file.Files.createFile(java.nio.file.Path.of(arguments[0], "a file"));
          System.exit(0);
        }
      }
      """;

  private static final String MAVEN =
      """
      #!/bin/sh
      echo build >>"$BUILDS"
      if grep -q broken core/src/main/Source; then
        echo "[ERROR] the source is broken"
        exit 1
      fi
      for argument; do
        case $argument in -Dapp.lib=*) lib=${argument#-Dapp.lib=} ;; esac
      done
      mkdir -p "$lib"
      "$JAVA_HOME/bin/jar" --create --file "$lib/program.jar" -C "$CLASSES" .
      "$JAVA_HOME/bin/jar" --create --file "$lib/picocli-0.jar" -C "$OLD" .
      """;

  @TempDir private static Path folder;
  private static Path checkout;
  private static Path builds;

  @BeforeAll
  static void makesACheckoutAndBuildsIt() throws Exception {
    Path classes = folder.resolve("classes");
    Files.createDirectories(classes.resolve("org/batchnorm4j/cli"));
    Path source = Files.writeString(folder.resolve("Main.java"), PROGRAM);
    for (String name : List.of("Stage.class", "OldClasses.class")) {
      try (InputStream ours = Stage.class.getResourceAsStream(name)) {
        Files.write(classes.resolve("org/batchnorm4j/cli").resolve(name), ours.readAllBytes());
      }
    }
    Files.write(
        Files.createDirectory(folder.resolve("old")).resolve("Old.class"),
        ClassFile.of()
            .build(ClassDesc.of("Old"), old -> old.withVersion(ClassFile.JAVA_5_VERSION, 0)));
    Process javac =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/javac",
                "-cp",
                classes.toString(),
                "-d",
                classes.toString(),
                source.toString())
            .inheritIO()
            .start();
    assertEquals(0, javac.waitFor());

    checkout = Files.createDirectory(folder.resolve("a checkout"));
    builds = Files.createFile(folder.resolve("builds"));
    for (String module : List.of("core", "simd", "blas", "io", "training", "cli")) {
      Files.createDirectories(checkout.resolve(module + "/src/main"));
      Files.createFile(checkout.resolve(module + "/pom.xml"));
      Files.writeString(checkout.resolve(module + "/src/main/Source"), "as it was");
    }
    Files.createDirectory(checkout.resolve(".mvn"));
    Files.createFile(checkout.resolve("pom.xml"));
    Path repository = Path.of("").toAbsolutePath().getParent();
    Files.copy(repository.resolve("batchnorm4j"), checkout.resolve("batchnorm4j"));
    assertTrue(checkout.resolve("batchnorm4j").toFile().setExecutable(true));
    Path maven =
        Files.writeString(Files.createDirectory(folder.resolve("bin")).resolve("mvn"), MAVEN);
    assertTrue(maven.toFile().setExecutable(true));

    Result first = run("--version");
    assertEquals("checked with vectors false\n", first.out());
    assertTrue(first.err().startsWith("batchnorm4j: building"), first.err());
    assertEquals(1, lines(first.err()), first.err());
  }

  @Test
  void argumentsAreCheckedWithoutTheVectorModule() throws Exception {
    Result version = run("--version");
    assertEquals("checked with vectors false\n", version.out());
    assertEquals("", version.err());
    assertEquals(2, run("wrong").exit());
  }

  @Test
  void classesTooOldForTheCacheAreMadeNewer() throws Exception {
    Path lib = app().resolve("lib");
    try (JarFile jar = new JarFile(lib.resolve("picocli-0.jar").toFile());
        InputStream old = jar.getInputStream(jar.getEntry("Old.class"))) {
      ClassModel found = ClassFile.of().parse(old.readAllBytes());
      assertEquals(ClassFile.JAVA_6_VERSION, found.majorVersion());
    }
    assertFalse(Files.exists(lib.resolveSibling("renewed.jar")));
  }

  @Test
  void theRehearsalLeavesACacheOfClassesAndNothingElse() throws Exception {
    Path app = app();
    assertTrue(Files.size(app.resolve("check.aot")) > 0);
    assertFalse(Files.exists(app.resolve("rehearsal")));
  }

  @Test
  void aHelpPageIsTheSameTheSecondTime() throws Exception {
    assertEquals(run("train", "--help"), run("train", "--help"));
    assertEquals("checked with vectors false\n", run("--help").out());
  }

  @Test
  void workHasTheVectorModuleAndItsLineIsGone() throws Exception {
    assertEquals(new Result(0, "", "worked with vectors true\n"), run("work"));
  }

  @Test
  void theLineIsGoneWhenStandardErrorStaysFiltered() throws Exception {
    assertEquals("worked with vectors true\n", run("filtered").err());
  }

  @Test
  void exitCodesAndStandardInputPass() throws Exception {
    assertEquals(7, run("work", "7").exit());
    Path input = Files.writeString(folder.resolve("input"), "two\nlines");
    Process process =
        start(Map.of(), checkout.resolve("batchnorm4j"), "stdin")
            .redirectInput(input.toFile())
            .start();
    assertEquals("two\nlines", text(process.getInputStream()));
    assertEquals(0, process.waitFor());
  }

  @Test
  void outputAndErrorsKeepTheirOrder() throws Exception {
    Process process =
        start(Map.of(), checkout.resolve("batchnorm4j"), "order").redirectErrorStream(true).start();
    List<String> found = text(process.getInputStream()).lines().toList();
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      expected.add(String.valueOf(i));
      expected.add(String.valueOf(i));
    }
    assertEquals(expected, found);
  }

  @Test
  void signalsReachTheJvmAndHalfLinesAreNotHeldBack() throws Exception {
    Interrupts.assumeHeard();
    for (Map.Entry<String, Integer> signal :
        Map.of("INT", 128 + 2, "TERM", 128 + 15, "KILL", 128 + 9).entrySet()) {
      Process process = start(Map.of(), checkout.resolve("batchnorm4j"), "wait").start();
      assertEquals(
          "half a line",
          new String(process.getErrorStream().readNBytes(11), StandardCharsets.UTF_8));
      new ProcessBuilder("kill", "-" + signal.getKey(), String.valueOf(process.pid()))
          .start()
          .waitFor();
      assertEquals(signal.getValue(), process.waitFor(), signal.getKey());
    }
  }

  @Test
  void runsThroughASymbolicLinkFromAnotherFolder() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("link"), checkout.resolve("batchnorm4j"));
    Process process = start(Map.of(), link, "work", "3").directory(new java.io.File("/")).start();
    assertEquals(3, process.waitFor());
  }

  @Test
  void buildsAgainOnlyWhenContentsChange() throws Exception {
    Path source = checkout.resolve("io/src/main/Source");
    long before = builds();
    Files.writeString(source, "as it was");
    assertEquals("", run("--version").err());
    assertEquals(before, builds());

    Files.writeString(source, "changed");
    assertTrue(run("--version").err().startsWith("batchnorm4j: building"));
    assertEquals(before + 1, builds());
    assertEquals("", run("--version").err());

    Files.createFile(checkout.resolve("io/src/main/Another"));
    assertTrue(run("--version").err().startsWith("batchnorm4j: building"));
    Files.delete(checkout.resolve("io/src/main/Another"));
    Files.writeString(source, "as it was");
    assertEquals("", run("--version").err(), "this state was built before");
  }

  @Test
  void aFailedBuildIsTriedAgainAndNamesItsLog() throws Exception {
    Path source = checkout.resolve("core/src/main/Source");
    Files.writeString(source, "broken");
    try {
      for (int attempt = 0; attempt < 2; attempt++) {
        Result result = run("--version");
        assertEquals(1, result.exit());
        assertTrue(
            result.err().contains(checkout.resolve("cli/target/app/build.log").toString()),
            result.err());
        assertTrue(result.err().endsWith("[ERROR] the source is broken\n"), result.err());
      }
    } finally {
      Files.writeString(source, "as it was");
    }
    assertEquals(0, run("--version").exit());
  }

  @Test
  void twoStartsAtOnceBuildOnceAndNothingIsLeft() throws Exception {
    Files.writeString(checkout.resolve("blas/src/main/Source"), "changed for two");
    long before = builds();
    Process one = start(Map.of(), checkout.resolve("batchnorm4j"), "--version").start();
    Process two = start(Map.of(), checkout.resolve("batchnorm4j"), "--version").start();
    assertEquals("checked with vectors false\n", text(one.getInputStream()));
    assertEquals("checked with vectors false\n", text(two.getInputStream()));
    assertEquals(before + 1, builds());
    try (Stream<Path> left = Files.list(checkout.resolve("cli/target/app"))) {
      assertEquals(
          List.of(),
          left.map(path -> path.getFileName().toString())
              .filter(
                  name ->
                      name.contains("current.") || name.contains("stamp.") || name.equals("lock"))
              .toList());
    }
  }

  @Test
  void theLockOfAStartThatWasKilledIsTaken() throws Exception {
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    Path lock = checkout.resolve("cli/target/app/lock");
    Files.createSymbolicLink(lock, Path.of(String.valueOf(dead.pid())));
    Files.writeString(checkout.resolve("simd/src/main/Source"), "changed under a dead lock");
    assertEquals(0, run("--version").exit());
    assertFalse(Files.isSymbolicLink(lock));
  }

  @Test
  void theJdkBehindLinksOnThePathIsFound() throws Exception {
    Path home = Path.of(System.getProperty("java.home"));
    Path links = Files.createDirectories(folder.resolve("links/bin"));
    Files.createSymbolicLink(links.resolve("javac"), Path.of("../javac"));
    Path outside =
        Files.createSymbolicLink(folder.resolve("links/javac"), home.resolve("bin/javac"));
    // among the usual places, and outside them
    for (Path places : List.of(home.getParent(), folder)) {
      Map<String, String> variables =
          Map.of(
              "JAVA_HOME",
              "",
              "HOME",
              folder.toString(),
              "BATCHNORM4J_JVMS",
              places.toString(),
              "PATH",
              folder.resolve("no such folder") + ":" + links + ":" + folder + "/bin:/usr/bin:/bin");
      Process process = start(variables, checkout.resolve("batchnorm4j"), "--version").start();
      assertEquals("checked with vectors false\n", text(process.getInputStream()));
    }
    Files.delete(outside); // JUnit would warn
  }

  @Test
  void aMissingJdkIsOneLine() throws Exception {
    Map<String, String> nowhere =
        Map.of("JAVA_HOME", "", "HOME", folder.toString(), "BATCHNORM4J_JVMS", folder.toString());
    Process process = start(nowhere, checkout.resolve("batchnorm4j"), "--version").start();
    assertEquals(
        "batchnorm4j: needs a JDK 25: install one, such as Temurin 25 (https://adoptium.net), or set"
            + " JAVA_HOME to it\n",
        text(process.getErrorStream()));
    assertEquals(1, process.waitFor());
  }

  @Test
  void theJvmThatWorksGetsTheUsersOptionsAndTheNameTheLauncherWasCalledBy() throws Exception {
    Path link = Files.createSymbolicLink(folder.resolve("name"), checkout.resolve("batchnorm4j"));
    Map<String, String> options = Map.of("BATCHNORM4J_JAVA_OPTS", " -Done=*  -Dtwo=2 ");
    Process process = start(options, link, "settings").start();
    assertEquals(link + "|*|2\n", text(process.getInputStream()));
    ProcessBuilder builder = start(Map.of(), Path.of("bash"), "name", "settings");
    process = builder.directory(folder.toFile()).start();
    assertEquals("./name|null|null\n", text(process.getInputStream()));
  }

  @Test
  void theJvmThatWorksHasTheSerialCollectorUnlessTheUserNamesOne() throws Exception {
    assertEquals("[-XX:+UseSerialGC]\n", run("collector").out());
    Map<String, String> options = Map.of("BATCHNORM4J_JAVA_OPTS", "-Xmx64m -XX:+UseParallelGC");
    Process process = start(options, checkout.resolve("batchnorm4j"), "collector").start();
    assertEquals("[-XX:+UseParallelGC]\n", text(process.getInputStream()));
  }

  @Test
  void aFolderThatCannotBeMadeIsOneLine() throws Exception {
    Path other = Files.createDirectory(folder.resolve("another checkout"));
    Path launcher = Files.copy(checkout.resolve("batchnorm4j"), other.resolve("batchnorm4j"));
    assertTrue(launcher.toFile().setExecutable(true));
    // as on a disk that cannot be written to, for any user: what should be a folder is a file
    Files.createFile(other.resolve("cli"));
    Process process = start(Map.of(), launcher, "--version").start();
    assertEquals(
        "batchnorm4j: cannot build: the folder "
            + other.toRealPath().resolve("cli/target/app")
            + " cannot be made or written to; make it writable, or copy the checkout to where you may"
            + " write\n",
        text(process.getErrorStream()));
    assertEquals(1, process.waitFor());
  }

  @Test
  void aClosedStandardOutputIsOneLine() throws Exception {
    Process process =
        start(
                Map.of(),
                Path.of("bash"),
                "-c",
                "exec \"$0\" --version >&-",
                checkout.resolve("batchnorm4j").toString())
            .start();
    assertEquals(
        "batchnorm4j: standard output is closed; send it to a terminal, a file, a pipe or"
            + " /dev/null\n",
        text(process.getErrorStream()));
    assertEquals(1, process.waitFor());
  }

  /** What the last start ran. */
  private static Path app() throws IOException {
    Path apps = checkout.resolve("cli/target/app");
    return apps.resolve(Files.readAllLines(apps.resolve("current")).getFirst());
  }

  private record Result(int exit, String out, String err) {}

  private static Result run(String... arguments) throws Exception {
    Path errors = Files.createTempFile(folder, "errors", "");
    Process process =
        start(Map.of(), checkout.resolve("batchnorm4j"), arguments)
            .redirectError(errors.toFile())
            .start();
    String out = text(process.getInputStream());
    return new Result(process.waitFor(), out, Files.readString(errors));
  }

  private static ProcessBuilder start(
      Map<String, String> environment, Path command, String... arguments) throws IOException {
    List<String> line = new ArrayList<>(Interrupts.hear());
    line.add(command.toString());
    line.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(line);
    Map<String, String> variables = builder.environment();
    variables.put("PATH", folder.resolve("bin") + ":/usr/bin:/bin");
    variables.put("JAVA_HOME", System.getProperty("java.home"));
    variables.put("BUILDS", builds.toString());
    variables.put("CLASSES", folder.resolve("classes").toString());
    variables.put("OLD", folder.resolve("old").toString());
    variables.putAll(environment);
    return builder;
  }

  private static long builds() throws IOException {
    return lines(Files.readString(builds));
  }

  private static long lines(String text) {
    return text.lines().count();
  }

  private static String text(InputStream stream) throws IOException {
    return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
  }
}
