package org.batchnorm4j.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.batchnorm4j.kernel.ScalarWinogradKernels;
import org.batchnorm4j.kernel.WinogradKernels;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** SIMD equals scalar in every bit, at the vector width of this JVM. */
class VectorWinogradKernelsTest {
  private static final int LONGEST = 67;
  private static final int SIZE = 20 * (LONGEST + 5);

  private enum Call {
    INPUT {
      @Override
      void on(WinogradKernels k, float[] x, int length, float[] out) {
        int odd = length + 3;
        k.input(x, 1, 2 * odd + 1, odd, 3, length, out, 2, length + 2);
      }
    },
    OUTPUT {
      @Override
      void on(WinogradKernels k, float[] x, int length, float[] out) {
        k.output(x, 3, length + 1, length, 0.3f, out, 1, length + 2);
      }
    },
    OUTPUT_GRADIENT {
      @Override
      void on(WinogradKernels k, float[] x, int length, float[] out) {
        k.outputGradient(x, 3, length + 1, length, out, 1, length + 2);
      }
    },
    KERNEL {
      @Override
      void on(WinogradKernels k, float[] x, int length, float[] out) {
        k.kernel(x, 3, length + 1, length, out, 1, length + 2);
      }
    },
    KERNEL_GRADIENT {
      @Override
      void on(WinogradKernels k, float[] x, int length, float[] out) {
        k.kernelGradient(x, 3, length + 1, length, out, 1, length + 2);
      }
    };

    abstract void on(WinogradKernels k, float[] x, int length, float[] out);
  }

  @ParameterizedTest
  @EnumSource
  void equalsScalarForEveryLength(Call call) {
    for (int length = 0; length <= LONGEST; length++) {
      for (Values values : Values.values()) {
        float[] x = values.array(new Random(length), SIZE);
        float[] expected = dirty();
        float[] actual = dirty();
        call.on(new ScalarWinogradKernels(), x, length, expected);
        call.on(new VectorWinogradKernels(), x, length, actual);
        for (int i = 0; i < SIZE; i++) {
          assertEquals(
              Float.floatToIntBits(expected[i]), // of a NaN, the class
              Float.floatToIntBits(actual[i]),
              call + ", " + values + ", length " + length + ", element " + i);
        }
      }
    }
  }

  private static float[] dirty() {
    float[] array = new float[SIZE];
    Arrays.fill(array, 42f);
    return array;
  }
}
