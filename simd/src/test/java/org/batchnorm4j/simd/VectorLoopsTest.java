package org.batchnorm4j.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A loop of vectors is compiled by itself and as a whole. HotSpot's compiler inlines a method that
 * runs often if it has at most 325 bytes of code ({@code FreqInlineSize}), and leaves vectors as
 * objects in a method with many more than 45 calls of the Vector API.
 */
class VectorLoopsTest {
  private static final int INLINED = 325;
  private static final int CALLS = 45;

  static Stream<Arguments> loops() {
    return Stream.of(
        Arguments.of(RunLines.class, List.of("inputGradient", "inputGradientRelu")),
        Arguments.of(RowLines.class, List.of("standardiseEight", "inputGradientFour")),
        Arguments.of(
            UnevenRows.class,
            List.of("standardise", "standardiseRelu", "standardiseAddRelu", "inputGradient")),
        Arguments.of(RunSums.class, List.of("momentSteps", "gradientSteps", "gradientStepsRelu")),
        Arguments.of(GatedRunSums.class, List.of("gradientSteps")),
        Arguments.of(
            RowSums.class,
            List.of(
                "momentsOfEight",
                "momentsOfFew",
                "gradientsOfFour",
                "gradientsOfFew",
                "gradientsOfThreeRelu",
                "gradientsOfFewRelu")),
        Arguments.of(
            BfloatRuns.class,
            List.of(
                "momentSteps",
                "gradientSteps",
                "gradientStepsRelu",
                "inputGradient",
                "inputGradientRelu")),
        Arguments.of(
            BfloatRows.class,
            List.of(
                "momentsOfFour",
                "gradientsOfThree",
                "gradientsOfTwoRelu",
                "inputGradient",
                "inputGradientRelu")));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("loops")
  void sumsAndInputGradientsAreCompiledByThemselves(Class<?> kernels, List<String> names)
      throws IOException {
    for (String name : names) {
      List<MethodModel> found =
          methods(kernels).stream()
              .filter(method -> method.methodName().equalsString(name))
              .toList();
      assertEquals(1, found.size(), name);
      check(found.getFirst());
    }
  }

  @Test
  void allOfWinogradIsCompiledByItself() throws IOException {
    List<MethodModel> loops =
        methods(VectorWinogradKernels.class).stream()
            .filter(method -> method.code().filter(code -> vectorCalls(code) > 0).isPresent())
            .toList();
    assertEquals(8, loops.size());
    loops.forEach(VectorLoopsTest::check);
  }

  private static void check(MethodModel loop) {
    String name = loop.methodName().stringValue();
    CodeAttribute code = (CodeAttribute) loop.code().orElseThrow();
    assertTrue(code.codeLength() > INLINED, name + " has " + code.codeLength() + " bytes of code");
    assertTrue(vectorCalls(code) <= CALLS, name + " has " + vectorCalls(code) + " vector calls");
  }

  private static List<MethodModel> methods(Class<?> kernels) throws IOException {
    String file = kernels.getSimpleName() + ".class";
    try (InputStream bytes = kernels.getResourceAsStream(file)) {
      return ClassFile.of().parse(bytes.readAllBytes()).methods();
    }
  }

  private static long vectorCalls(CodeModel code) {
    return code.elementStream()
        .filter(InvokeInstruction.class::isInstance)
        .map(InvokeInstruction.class::cast)
        .filter(call -> call.owner().asInternalName().startsWith("jdk/incubator/vector/"))
        .count();
  }
}
