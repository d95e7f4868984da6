package org.batchnorm4j.architecture;

import static com.tngtech.archunit.core.domain.JavaModifier.FINAL;
import static com.tngtech.archunit.core.domain.JavaModifier.STATIC;
import static com.tngtech.archunit.core.domain.JavaModifier.SYNTHETIC;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The arrows of docs/architecture.md: which package may use which, and what no class may be. */
final class ArchitectureTest {

  private static final String ROOT = "org.batchnorm4j.";

  /** Every room and the rooms it may use, one by one; nothing is passed on. */
  private static final Map<String, Set<String>> MAY_USE =
      Map.ofEntries(
          Map.entry("kernel", Set.of()),
          Map.entry("statistics", Set.of("kernel")),
          Map.entry("tensor", Set.of("kernel", "statistics")),
          Map.entry("autograd", Set.of("tensor", "statistics")),
          Map.entry("nn", Set.of("autograd", "tensor", "statistics")),
          Map.entry("nn.deploy", Set.of("nn", "autograd", "tensor", "statistics")),
          Map.entry("nn.parallel", Set.of("nn", "autograd", "tensor", "statistics")),
          Map.entry("optim", Set.of("nn.deploy", "nn", "autograd", "tensor", "statistics")),
          Map.entry("simd", Set.of("kernel")),
          Map.entry("blas", Set.of("tensor")),
          Map.entry("io", Set.of("tensor")),
          Map.entry("data", Set.of("io", "optim", "nn", "autograd", "tensor")),
          Map.entry(
              "training",
              Set.of(
                  "io", "optim", "nn.parallel", "nn", "autograd", "statistics", "tensor", "data")),
          Map.entry("model", Set.of("io", "optim", "nn", "autograd", "tensor", "data", "training")),
          Map.entry(
              "cli",
              Set.of(
                  "kernel",
                  "statistics",
                  "tensor",
                  "autograd",
                  "nn",
                  "nn.deploy",
                  "optim",
                  "io",
                  "data",
                  "training",
                  "model")));

  private static final Set<String> CORE =
      Set.of(
          "kernel", "statistics", "tensor", "autograd", "nn", "nn.deploy", "nn.parallel", "optim");

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(location -> !location.contains("/test-classes/"))
          .importPackages("org.batchnorm4j");

  static Stream<String> rooms() {
    return MAY_USE.keySet().stream().sorted();
  }

  @Test
  void everyClassIsInARoomOfTheList() {
    Set<String> found = new TreeSet<>();
    CLASSES.forEach(type -> found.add(room(type)));
    found.removeAll(MAY_USE.keySet());
    assertEquals(Set.of(), found, "rooms without a line in MAY_USE");
    assertTrue(CLASSES.size() > 50, "only " + CLASSES.size() + " classes were read");
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void aRoomUsesOnlyTheRoomsListedForIt(String room) {
    assertNone(
        dependencies(type -> room(type).equals(room))
            .filter(dependency -> isOurs(dependency.getTargetClass()))
            .filter(
                dependency -> {
                  String used = room(dependency.getTargetClass());
                  return !used.equals(room) && !MAY_USE.get(room).contains(used);
                })
            .map(Dependency::getDescription));
  }

  @Test
  void thereAreNoCircles() {
    slices().matching("org.batchnorm4j.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void coreNeedsNothingButTheJdk() {
    assertNone(
        dependencies(type -> CORE.contains(room(type)))
            .filter(dependency -> !isOurs(dependency.getTargetClass()))
            .filter(
                dependency -> {
                  String used = dependency.getTargetClass().getBaseComponentType().getPackageName();
                  return !used.isEmpty()
                      && !used.startsWith("java.")
                      && !used.equals("org.jspecify.annotations");
                })
            .map(Dependency::getDescription));
  }

  @Test
  void onlySimdKnowsTheVectorModule() {
    assertNone(
        dependencies(type -> !room(type).equals("simd"))
            .filter(
                dependency ->
                    dependency
                        .getTargetClass()
                        .getBaseComponentType()
                        .getPackageName()
                        .startsWith("jdk.incubator"))
            .map(Dependency::getDescription));
  }

  @Test
  void namesSayTheThing() {
    Pattern empty = Pattern.compile(".*(Util|Utils|Helper|Helpers|Manager|Impl)|Common.*");
    assertNone(
        CLASSES.stream()
            .filter(type -> empty.matcher(type.getSimpleName()).matches())
            .map(JavaClass::getName));
  }

  @Test
  void noStaticFieldCanBeAssigned() {
    assertNone(
        CLASSES.stream()
            .flatMap(type -> type.getFields().stream())
            .filter(field -> field.getModifiers().contains(STATIC))
            .filter(field -> !field.getModifiers().contains(FINAL))
            .filter(field -> !field.getModifiers().contains(SYNTHETIC))
            .map(JavaField::getFullName));
  }

  @Test
  void classesAreClosedForInheritance() {
    assertNone(
        CLASSES.stream()
            .filter(type -> !type.isInterface() && !type.isEnum() && !type.isAnonymousClass())
            .filter(type -> !type.getModifiers().contains(FINAL))
            .filter(type -> !type.reflect().isSealed())
            .map(JavaClass::getName));
  }

  private static void assertNone(Stream<String> violations) {
    List<String> found = violations.distinct().sorted().toList();
    assertEquals(List.of(), found, () -> "violations:\n" + String.join("\n", found) + "\n");
  }

  private static Stream<Dependency> dependencies(Predicate<JavaClass> from) {
    return CLASSES.stream()
        .filter(from)
        .flatMap(type -> type.getDirectDependenciesFromSelf().stream());
  }

  private static boolean isOurs(JavaClass type) {
    return type.getBaseComponentType().getPackageName().startsWith(ROOT);
  }

  /** The first name after {@code org.batchnorm4j}; formats under io belong to io. */
  private static String room(JavaClass type) {
    String name = type.getBaseComponentType().getPackageName();
    if (!name.startsWith(ROOT)) {
      return name;
    }
    String rest = name.substring(ROOT.length());
    if (rest.startsWith("nn.")) {
      return rest;
    }
    int dot = rest.indexOf('.');
    return dot < 0 ? rest : rest.substring(0, dot);
  }
}
