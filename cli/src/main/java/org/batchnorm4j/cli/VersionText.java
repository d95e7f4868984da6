package org.batchnorm4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.lang.module.InvalidModuleDescriptorException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.net.URL;
import java.util.Collections;
import java.util.List;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;

/**
 * What {@code --version} prints. It loads neither natives nor the vector module: where this JVM has
 * not loaded that module, it says what a JVM that trains will have.
 */
final class VersionText {
  private static final String MODULE = "org.batchnorm4j.cli";
  private static final String UNKNOWN = "(unknown version)";
  private static final String VECTOR_MODULE = "jdk.incubator.vector";

  private VersionText() {}

  /** What to print. */
  static List<String> lines() {
    return List.of(
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
        "threads  " + Runtime.getRuntime().availableProcessors());
  }

  private static String kernels() {
    if (ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent()) {
      return KernelChoice.choose(KernelPreference.AUTO, line -> {}).describe();
    }
    return ModuleFinder.ofSystem().find(VECTOR_MODULE).isPresent()
        ? "simd if they pass their self-test (auto); this JDK has " + VECTOR_MODULE
        : "scalar (auto); this JDK has no " + VECTOR_MODULE;
  }

  /**
   * The version that the build gave to this module. Read from its descriptor on the class path,
   * too; classes from the launcher's cache do not know the jar they came from.
   */
  static String version() {
    ModuleDescriptor own = VersionText.class.getModule().getDescriptor();
    if (own != null) {
      return own.rawVersion().orElse(UNKNOWN);
    }
    try {
      ClassLoader loader = VersionText.class.getClassLoader();
      for (URL descriptor : Collections.list(loader.getResources("module-info.class"))) {
        try (InputStream bytes = descriptor.openStream()) {
          ModuleDescriptor module = ModuleDescriptor.read(bytes);
          if (module.name().equals(MODULE)) {
            return module.rawVersion().orElse(UNKNOWN);
          }
        }
      }
      return UNKNOWN;
    } catch (IOException | InvalidModuleDescriptorException unreadable) {
      return UNKNOWN;
    }
  }
}
