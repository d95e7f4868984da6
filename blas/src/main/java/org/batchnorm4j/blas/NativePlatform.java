package org.batchnorm4j.blas;

import java.util.List;
import org.batchnorm4j.tensor.MatrixMultiplyUnavailableException;

/**
 * A platform with native libraries, as the JavaCPP presets name it.
 *
 * @param name such as {@code "linux-x86_64"}
 * @param libraries file names, the one to load first, then those it needs
 */
record NativePlatform(String name, List<String> libraries) {

  static NativePlatform of(String osName, String osArch) throws MatrixMultiplyUnavailableException {
    if (osName.equals("Linux")) {
      switch (osArch) {
        case "amd64", "x86_64" -> {
          return new NativePlatform(
              "linux-x86_64",
              List.of("libopenblas.so.0", "libgfortran.so.5", "libquadmath.so.0", "libgcc_s.so.1"));
        }
        case "aarch64" -> {
          return new NativePlatform(
              "linux-arm64", List.of("libopenblas.so.0", "libgfortran.so.5", "libgcc_s.so.1"));
        }
        default -> {}
      }
    }
    throw new MatrixMultiplyUnavailableException(
        "there is no native library for "
            + osName
            + " on "
            + osArch
            + "; Linux on x86-64 or arm64 has one");
  }

  String resource(String library) {
    return "org/bytedeco/openblas/" + name + "/" + library;
  }
}
