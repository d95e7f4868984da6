package org.batchnorm4j.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class KernelChoiceTest {
  private static final JvmFacts HOTSPOT =
      new JvmFacts(true, "OpenJDK 64-Bit Server VM", "mixed mode, sharing", "Temurin-25.0.3+9");

  private final List<String> notices = new ArrayList<>();

  private KernelChoice choose(
      KernelPreference preference, JvmFacts facts, Supplier<Optional<CpuKernels>> provider) {
    return KernelChoice.choose(preference, notices::add, () -> facts, provider);
  }

  private static Optional<CpuKernels> twin() {
    return Optional.of(proxy("simd-512", "none"));
  }

  /** Scalar kernels under another name, of which one writes a wrong number. */
  private static CpuKernels proxy(String name, String broken) {
    WinogradKernels winograd =
        proxy(
            WinogradKernels.class,
            (method, arguments) -> {
              method.invoke(new ScalarWinogradKernels(), arguments);
              spoilIf(broken, "winograd " + method.getName(), arguments);
              return null;
            });
    Bfloat16Kernels bfloat16 =
        proxy(
            Bfloat16Kernels.class,
            (method, arguments) -> {
              method.invoke(new WidenedBfloat16Kernels(new ScalarKernels()), arguments);
              spoilIf(broken, "bfloat16 " + method.getName(), arguments);
              return null;
            });
    return proxy(
        CpuKernels.class,
        (method, arguments) -> {
          switch (method.getName()) {
            case "name" -> {
              return name;
            }
            case "winograd" -> {
              return winograd;
            }
            case "bfloat16" -> {
              return Optional.of(bfloat16);
            }
            default -> method.invoke(new ScalarKernels(), arguments);
          }
          spoilIf(broken, method.getName(), arguments);
          return null;
        });
  }

  private interface Answer {
    @Nullable Object to(Method method, Object[] arguments) throws ReflectiveOperationException;
  }

  private static <K> K proxy(Class<K> kernels, Answer answer) {
    return kernels.cast(
        Proxy.newProxyInstance(
            kernels.getClassLoader(),
            new Class<?>[] {kernels},
            (self, method, arguments) -> answer.to(method, arguments)));
  }

  private static void spoilIf(String broken, String kernel, Object[] arguments) {
    if (kernel.equals(broken)) {
      spoil(kernel, arguments);
    }
  }

  /** Makes the last array that was written differ in its last bit. */
  private static void spoil(String kernel, Object[] arguments) {
    for (int i = arguments.length - 1; i >= 0; i--) {
      if (arguments[i] instanceof double[] sums) {
        sums[1] = Math.nextUp(sums[1]);
        return;
      }
    }
    // narrow...(x, xFrom, y, ...), widen...(x, xFrom, runs, stride, length, y, yFrom),
    // ...InputGradient(x, xFrom, g, gFrom, dx, ...), and Winograd's input(..., length, v, ...),
    // output(..., bias, y, ...), others(..., length, y, ...); standardise...(x, xFrom, y, ...)
    boolean runs = kernel.endsWith("standardiseRuns"); // whose constants lie where others write
    for (int place : runs ? new int[] {2} : new int[] {6, 5, 4, 2}) {
      if (place >= arguments.length) {
        continue;
      }
      if (arguments[place] instanceof short[] halves) {
        halves[1]++;
        return;
      }
      if (arguments[place] instanceof float[] out) {
        out[1] = Math.nextUp(out[1]);
        return;
      }
    }
    throw new AssertionError("nothing written");
  }

  @Test
  void autoTakesSimdWithoutAWord() {
    KernelChoice choice = choose(KernelPreference.AUTO, HOTSPOT, KernelChoiceTest::twin);
    assertEquals("simd-512 kernels (auto)", choice.describe());
    assertEquals("simd-512", choice.kernels().name());
    assertEquals(List.of(), notices);
  }

  @Test
  void scalarAsksForNoFacts() {
    KernelChoice choice =
        KernelChoice.choose(
            KernelPreference.SCALAR,
            notices::add,
            () -> {
              throw new AssertionError("facts");
            },
            () -> {
              throw new AssertionError("provider");
            });
    assertEquals("scalar kernels (asked for)", choice.describe());
    assertInstanceOf(ScalarKernels.class, choice.kernels());
    assertEquals(List.of(), notices);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "false | OpenJDK 64-Bit Server VM | mixed mode | x | module jdk.incubator.vector is not loaded",
        "true | Eclipse OpenJ9 VM | JRE 25 | x | \"Eclipse OpenJ9 VM\" is not HotSpot with its C2 compiler",
        "true | OpenJDK 64-Bit Server VM | mixed mode | GraalVM CE 25 | \"GraalVM CE 25\" is not HotSpot",
        "true | OpenJDK 64-Bit Server VM | interpreted mode, sharing | x | the C2 compiler is off",
        "true | OpenJDK 64-Bit Server VM | mixed mode, emulated-client | x | the C2 compiler is off"
      })
  void factsThatSpeakAgainstSimdAreNamed(
      boolean module, String vm, String info, String vendor, String reason) {
    JvmFacts facts = new JvmFacts(module, vm, info, vendor);
    KernelChoice choice =
        choose(
            KernelPreference.AUTO,
            facts,
            () -> {
              throw new NoClassDefFoundError("jdk/incubator/vector/Vector"); // must not be touched
            });
    assertInstanceOf(ScalarKernels.class, choice.kernels());
    assertEquals(1, notices.size());
    String start = "Using scalar kernels, which give the same results more slowly: " + reason;
    assertTrue(notices.getFirst().startsWith(start), notices::getFirst);
    assertTrue(
        choice.describe().startsWith("scalar kernels (no SIMD: " + reason), choice::describe);
    IllegalStateException refused =
        assertThrows(
            IllegalStateException.class,
            () -> choose(KernelPreference.SIMD, facts, KernelChoiceTest::twin));
    assertTrue(String.valueOf(refused.getMessage()).contains(reason), refused::getMessage);
  }

  @Test
  void missingProviderIsNamed() {
    choose(KernelPreference.AUTO, HOTSPOT, Optional::empty);
    assertTrue(notices.getFirst().contains("add batchnorm4j-simd to"), notices::getFirst);
  }

  @Test
  void providerThatDoesNotLoadIsNamed() {
    choose(
        KernelPreference.AUTO,
        HOTSPOT,
        () -> {
          throw new ServiceConfigurationError("provider", new NoSuchMethodError("lane"));
        });
    assertTrue(
        notices.getFirst().contains("(java.lang.NoSuchMethodError: lane)"), notices::getFirst);
  }

  static List<String> kernelNames() {
    Stream<String> own =
        Arrays.stream(CpuKernels.class.getMethods())
            .map(Method::getName)
            .filter(name -> !List.of("name", "winograd", "bfloat16").contains(name));
    Stream<String> winograd =
        Arrays.stream(WinogradKernels.class.getMethods())
            .map(method -> "winograd " + method.getName());
    Stream<String> bfloat16 =
        Arrays.stream(Bfloat16Kernels.class.getMethods())
            .map(method -> "bfloat16 " + method.getName());
    return Stream.of(own, winograd, bfloat16).flatMap(names -> names).toList();
  }

  @ParameterizedTest
  @MethodSource("kernelNames")
  void selfTestFindsEachKernelThatIsOffByOneBit(String kernel) {
    Supplier<Optional<CpuKernels>> broken = () -> Optional.of(proxy("simd-256", kernel));
    KernelChoice choice = choose(KernelPreference.AUTO, HOTSPOT, broken);
    assertInstanceOf(ScalarKernels.class, choice.kernels());
    assertTrue(
        notices.getFirst().contains("simd-256 differs from scalar in " + kernel),
        notices::getFirst);
  }

  @Test
  void selfTestFindsMomentsThatAreOffInGroupsOfEightRows() {
    CpuKernels scalar = new ScalarKernels();
    CpuKernels grouped =
        proxy(
            CpuKernels.class,
            (method, arguments) -> {
              Object result = method.invoke(scalar, arguments);
              if (method.getName().equals("rowMomentSums") && (int) arguments[2] >= 8) {
                spoil("rowMomentSums", arguments);
              }
              return result;
            });
    assertEquals(Optional.of("rowMomentSums"), KernelSelfTest.firstDifference(grouped));
  }

  @Test
  void preferencesAreReadByName() {
    assertEquals(KernelPreference.SIMD, KernelPreference.named("simd"));
    IllegalArgumentException unknown =
        assertThrows(IllegalArgumentException.class, () -> KernelPreference.named("SIMD"));
    assertEquals("kernels \"SIMD\" are unknown; choose auto, scalar or simd", unknown.getMessage());
  }

  @Test
  void thisJvmHasFacts() {
    assertEquals(System.getProperty("java.vm.name"), JvmFacts.ofThisJvm().vmName());
  }
}
