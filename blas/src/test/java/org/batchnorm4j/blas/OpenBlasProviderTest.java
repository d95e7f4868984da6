package org.batchnorm4j.blas;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.Runtime.Version;
import java.util.List;
import org.batchnorm4j.tensor.MatrixMultiplyChoice;
import org.batchnorm4j.tensor.MatrixMultiplyPreference;
import org.batchnorm4j.tensor.MatrixMultiplyUnavailableException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OpenBlasProviderTest {

  @Test
  void theChoiceFindsOpenBlasAndSaysNothing() {
    MatrixMultiplyChoice choice =
        MatrixMultiplyChoice.choose(MatrixMultiplyPreference.AUTO, line -> fail(line));
    assertEquals(choice.multiply().name(), choice.describe());
    assertEquals("openblas", choice.describe().substring(0, 8));
  }

  @ParameterizedTest
  @ValueSource(strings = {"24.0.2", "25", "25.0.1", "25.0.2+10", "26"})
  void jdksWithTheDefectAreRefused(String version) {
    String message =
        assertThrows(
                MatrixMultiplyUnavailableException.class,
                () -> OpenBlasProvider.requireJdk(Version.parse(version)))
            .getMessage();
    assertEquals(
        "JDK "
            + version
            + " has a defect in native calls on Java arrays (JDK-8377811); use JDK 25.0.3 or newer",
        message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"25.0.3", "25.0.3.1+4", "25.0.4", "26.0.1", "27", "27.0.1"})
  void laterJdksAreAccepted(String version) {
    assertDoesNotThrow(() -> OpenBlasProvider.requireJdk(Version.parse(version)));
  }

  @Test
  void aModuleWithoutNativeAccessIsToldTheFlag() {
    Module without =
        ModuleLayer.boot().modules().stream()
            .filter(module -> !module.isNativeAccessEnabled())
            .findFirst()
            .orElseThrow();
    assertEquals(
        "native access is not enabled; start java with --enable-native-access=" + without.getName(),
        assertThrows(
                MatrixMultiplyUnavailableException.class,
                () -> OpenBlasProvider.requireNativeAccess(without))
            .getMessage());
  }

  @Test
  void platformsAreNamedAsInTheJars() throws MatrixMultiplyUnavailableException {
    assertEquals("linux-x86_64", NativePlatform.of("Linux", "amd64").name());
    assertEquals("linux-arm64", NativePlatform.of("Linux", "aarch64").name());
    assertEquals(
        List.of("libopenblas.so.0", "libgfortran.so.5", "libgcc_s.so.1"),
        NativePlatform.of("Linux", "aarch64").libraries());
    assertEquals(
        "there is no native library for Mac OS X on aarch64; Linux on x86-64 or arm64 has one",
        assertThrows(
                MatrixMultiplyUnavailableException.class,
                () -> NativePlatform.of("Mac OS X", "aarch64"))
            .getMessage());
  }
}
