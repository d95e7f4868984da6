package org.batchnorm4j.blas;

import java.lang.Runtime.Version;
import org.batchnorm4j.tensor.MatrixMultiply;
import org.batchnorm4j.tensor.MatrixMultiplyProvider;
import org.batchnorm4j.tensor.MatrixMultiplyUnavailableException;

/**
 * Loads OpenBLAS on Linux (x86-64, arm64). It needs
 *
 * <ul>
 *   <li>JDK 25.0.3 or newer: earlier ones have a defect in calls on heap arrays (JDK-8377811),
 *   <li>permission for native calls: {@code --enable-native-access=org.batchnorm4j.blas} on the
 *       module path, {@code --enable-native-access=ALL-UNNAMED} on the class path,
 *   <li>the jar {@code org.bytedeco:openblas} for the platform on the class path,
 *   <li>a cache directory of the user that can be written; the system property {@code
 *       batchnorm4j.cache} names another.
 * </ul>
 *
 * <p>Stateless and safe for use by many threads.
 */
public final class OpenBlasProvider implements MatrixMultiplyProvider {

  /** Creates a provider; nothing is loaded yet. */
  public OpenBlasProvider() {}

  @Override
  public MatrixMultiply load() throws MatrixMultiplyUnavailableException {
    requireJdk(Runtime.version());
    requireNativeAccess(OpenBlasProvider.class.getModule());
    NativePlatform platform =
        NativePlatform.of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    return OpenBlas.load(
        LibraryCache.ofUser().unpack(platform, OpenBlasProvider.class.getClassLoader()));
  }

  static void requireJdk(Version version) throws MatrixMultiplyUnavailableException {
    // 26 had its first release before 25.0.3, so the same rule is kept there: no first release
    boolean old =
        version.feature() < 25
            || (version.feature() == 25 && version.interim() == 0 && version.update() < 3)
            || (version.feature() == 26 && version.interim() == 0 && version.update() < 1);
    if (old) {
      throw new MatrixMultiplyUnavailableException(
          "JDK "
              + version
              + " has a defect in native calls on Java arrays (JDK-8377811); use JDK 25.0.3 or"
              + " newer");
    }
  }

  static void requireNativeAccess(Module module) throws MatrixMultiplyUnavailableException {
    if (!module.isNativeAccessEnabled()) {
      throw new MatrixMultiplyUnavailableException(
          "native access is not enabled; start java with --enable-native-access="
              + (module.isNamed() ? module.getName() : "ALL-UNNAMED"));
    }
  }
}
