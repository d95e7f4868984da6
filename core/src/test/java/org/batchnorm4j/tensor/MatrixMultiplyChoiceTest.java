package org.batchnorm4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class MatrixMultiplyChoiceTest {
  private final List<String> notices = new ArrayList<>();

  @Test
  void theProvidersMultiplicationIsTakenWithoutANotice() {
    MatrixMultiply provided = new Faulty(0f, 0.0);
    MatrixMultiplyChoice choice =
        choose(MatrixMultiplyPreference.AUTO, () -> Optional.of(() -> provided));
    assertSame(provided, choice.multiply());
    assertEquals("faulty", choice.describe());
    assertEquals(List.of(), notices);
    assertSame(
        provided,
        choose(MatrixMultiplyPreference.NATIVE, () -> Optional.of(() -> provided)).multiply());
  }

  @Test
  void autoFallsBackToJavaWithOneLineThatNamesReasonAndRemedy() {
    MatrixMultiplyChoice choice =
        choose(MatrixMultiplyPreference.AUTO, MatrixMultiplyChoiceTest::refusing);
    assertInstanceOf(JavaMatrixMultiply.class, choice.multiply());
    assertEquals(
        List.of(
            "Using matrix multiplication in plain Java, which is slower: it rains; take an"
                + " umbrella"),
        notices);
    assertEquals("java (no native library: it rains; take an umbrella)", choice.describe());
  }

  @Test
  void withoutAProviderTheLineNamesTheMissingModule() {
    choose(MatrixMultiplyPreference.AUTO, Optional::empty);
    assertEquals(
        List.of(
            "Using matrix multiplication in plain Java, which is slower: no native library was"
                + " found; add batchnorm4j-blas to the class path or module path"),
        notices);
  }

  @Test
  void aProviderThatDoesNotLinkIsAFallbackToo() {
    choose(
        MatrixMultiplyPreference.AUTO,
        () -> {
          throw new ServiceConfigurationError("broken", new NoClassDefFoundError("org/Gone"));
        });
    assertEquals(
        List.of(
            "Using matrix multiplication in plain Java, which is slower: batchnorm4j-blas does not"
                + " load here (java.lang.NoClassDefFoundError: org/Gone); use the version that"
                + " belongs to this batchnorm4j"),
        notices);
  }

  @Test
  void aMultiplicationThatComputesWronglyIsRefused() {
    // rounding of the self-test's products stays below 43 * 83 * 2^-24 = 2.2e-4 in float32
    choose(MatrixMultiplyPreference.AUTO, () -> Optional.of(() -> new Faulty(3e-4f, 0.0)));
    choose(MatrixMultiplyPreference.AUTO, () -> Optional.of(() -> new Faulty(0f, 1e-12)));
    String remedy = "; please report this with the model of your processor";
    assertEquals(
        List.of(
            "Using matrix multiplication in plain Java, which is slower: faulty computes wrong"
                + " results (float32, beta=0)"
                + remedy,
            "Using matrix multiplication in plain Java, which is slower: faulty computes wrong"
                + " results (float64, beta=0)"
                + remedy),
        notices);
  }

  @Test
  void nativeIsHadOrFails() {
    IllegalStateException thrown =
        assertThrows(
            IllegalStateException.class,
            () -> choose(MatrixMultiplyPreference.NATIVE, MatrixMultiplyChoiceTest::refusing));
    assertEquals(
        "Native matrix multiplication cannot be used: it rains; take an umbrella",
        thrown.getMessage());
    assertEquals(List.of(), notices);
  }

  @Test
  void javaAsksForNoProvider() {
    MatrixMultiplyChoice choice = choose(MatrixMultiplyPreference.JAVA, () -> fail("asked"));
    assertInstanceOf(JavaMatrixMultiply.class, choice.multiply());
    assertEquals("java (asked for)", choice.describe());
  }

  @Test
  void preferencesHaveTheNamesThatUsersWrite() {
    assertSame(MatrixMultiplyPreference.AUTO, MatrixMultiplyPreference.named("auto"));
    assertSame(MatrixMultiplyPreference.JAVA, MatrixMultiplyPreference.named("java"));
    assertSame(MatrixMultiplyPreference.NATIVE, MatrixMultiplyPreference.named("native"));
    assertEquals(
        "matrix multiplication \"mkl\" is unknown; choose auto, java or native",
        assertThrows(IllegalArgumentException.class, () -> MatrixMultiplyPreference.named("mkl"))
            .getMessage());
  }

  private MatrixMultiplyChoice choose(
      MatrixMultiplyPreference preference, Supplier<Optional<MatrixMultiplyProvider>> provider) {
    return MatrixMultiplyChoice.choose(preference, notices::add, provider);
  }

  private static Optional<MatrixMultiplyProvider> refusing() {
    return Optional.of(
        () -> {
          throw new MatrixMultiplyUnavailableException("it rains; take an umbrella");
        });
  }

  /** Correct but for an error in the first element of C. */
  private record Faulty(float error32, double error64) implements MatrixMultiply {
    private static final MatrixMultiply CORRECT = new JavaMatrixMultiply();

    @Override
    public String name() {
      return "faulty";
    }

    @Override
    public void multiply(
        boolean transposeA,
        boolean transposeB,
        int m,
        int n,
        int k,
        float alpha,
        float[] a,
        int aFrom,
        int lda,
        float[] b,
        int bFrom,
        int ldb,
        float beta,
        float[] c,
        int cFrom,
        int ldc) {
      CORRECT.multiply(
          transposeA,
          transposeB,
          m,
          n,
          k,
          alpha,
          a,
          aFrom,
          lda,
          b,
          bFrom,
          ldb,
          beta,
          c,
          cFrom,
          ldc);
      c[cFrom] += error32;
    }

    @Override
    public void multiply(
        boolean transposeA,
        boolean transposeB,
        int m,
        int n,
        int k,
        double alpha,
        double[] a,
        int aFrom,
        int lda,
        double[] b,
        int bFrom,
        int ldb,
        double beta,
        double[] c,
        int cFrom,
        int ldc) {
      CORRECT.multiply(
          transposeA,
          transposeB,
          m,
          n,
          k,
          alpha,
          a,
          aFrom,
          lda,
          b,
          bFrom,
          ldb,
          beta,
          c,
          cFrom,
          ldc);
      c[cFrom] += error64;
    }
  }
}
