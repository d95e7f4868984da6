package org.batchnorm4j.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A loop of vectors is compiled by itself and as a whole. HotSpot's compiler inlines a method that
 * runs often if it has at most 325 bytes of code ({@code FreqInlineSize}), and leaves vectors as
 * objects in a method with many more than 45 calls of the Vector API.
 */
class WinogradLoopsTest {
  private static final int INLINED = 325;
  private static final int CALLS = 45;

  @Test
  void loopsAreTooLongToBeInlinedAndShortEnoughToBeCompiledWhole() throws IOException {
    List<MethodModel> loops =
        classModel().methods().stream()
            .filter(method -> method.code().filter(code -> vectorCalls(code) > 0).isPresent())
            .toList();
    assertEquals(8, loops.size());
    for (MethodModel loop : loops) {
      String name = loop.methodName().stringValue();
      CodeAttribute code = (CodeAttribute) loop.code().orElseThrow();
      assertTrue(
          code.codeLength() > INLINED, name + " has " + code.codeLength() + " bytes of code");
      assertTrue(vectorCalls(code) <= CALLS, name + " has " + vectorCalls(code) + " vector calls");
    }
  }

  private static ClassModel classModel() throws IOException {
    String file = VectorWinogradKernels.class.getSimpleName() + ".class";
    try (InputStream bytes = VectorWinogradKernels.class.getResourceAsStream(file)) {
      return ClassFile.of().parse(bytes.readAllBytes());
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
