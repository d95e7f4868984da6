package org.batchnorm4j.cli;

import java.lang.module.FindException;
import java.lang.module.ModuleFinder;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.security.CodeSource;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;
import picocli.CommandLine.IVersionProvider;

/**
 * What {@code --version} prints. It loads neither natives nor the vector module: where this JVM has
 * not loaded that module, it says what a JVM that trains will have.
 */
final class VersionText implements IVersionProvider {
  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  @Override
  public String[] getVersion() {
    return new String[] {
      "batchnorm4j " + version(),
      "JDK      "
          + Runtime.version()
          + ", "
          + System.getProperty("java.vm.name")
          + " ("
          + System.getProperty("java.vendor")
          + "), "
          + System.getProperty("os.name")
          + " "
          + System.getProperty("os.arch"),
      "kernels  " + kernels(),
      "products OpenBLAS on Linux x64 and arm64 with JDK 25.0.3 or newer, else plain Java; training"
          + " says which",
      "threads  " + Runtime.getRuntime().availableProcessors()
    };
  }

  private static String kernels() {
    if (ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent()) {
      return KernelChoice.choose(KernelPreference.AUTO, line -> {}).describe();
    }
    return ModuleFinder.ofSystem().find(VECTOR_MODULE).isPresent()
        ? "simd if they pass their self-test (auto); this JDK has " + VECTOR_MODULE
        : "scalar (auto); this JDK has no " + VECTOR_MODULE;
  }

  /** The version that the build gave to the module of this jar. */
  static String version() {
    CodeSource source = VersionText.class.getProtectionDomain().getCodeSource();
    if (source == null) {
      return "(unknown version)";
    }
    try {
      return ModuleFinder.of(Path.of(source.getLocation().toURI())).findAll().stream()
          .findFirst()
          .flatMap(module -> module.descriptor().rawVersion())
          .orElse("(unknown version)");
    } catch (URISyntaxException | FindException notAModule) {
      return "(unknown version)";
    }
  }
}
