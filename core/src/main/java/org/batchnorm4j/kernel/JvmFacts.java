package org.batchnorm4j.kernel;

import java.util.Optional;

/**
 * What decides whether SIMD kernels can run fast in this JVM: without the C2 compiler the Vector
 * API works, but each vector is an object.
 *
 * @param vectorModule whether {@code jdk.incubator.vector} is loaded
 * @param vmName the system property {@code java.vm.name}
 * @param vmInfo the system property {@code java.vm.info}, which names the compilers in use
 * @param vendorVersion the system property {@code java.vendor.version}
 */
record JvmFacts(boolean vectorModule, String vmName, String vmInfo, String vendorVersion) {

  static JvmFacts ofThisJvm() {
    return new JvmFacts(
        ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
        System.getProperty("java.vm.name", ""),
        System.getProperty("java.vm.info", ""),
        System.getProperty("java.vendor.version", ""));
  }

  /** Why SIMD cannot be had, and what to do about it; empty if nothing speaks against it. */
  Optional<String> obstacle() {
    if (!vectorModule) {
      return Optional.of(
          "module jdk.incubator.vector is not loaded; start java with --add-modules"
              + " jdk.incubator.vector, on a JDK that has it (such as 25)");
    }
    boolean serverCompiler =
        vmName.contains("64-Bit Server VM") && !vendorVersion.contains("GraalVM");
    if (!serverCompiler) {
      String vm = vendorVersion.contains("GraalVM") ? vendorVersion : vmName;
      return Optional.of(
          "\""
              + vm
              + "\" is not HotSpot with its C2 compiler; run on an OpenJDK build with HotSpot");
    }
    if (vmInfo.contains("interpreted mode") || vmInfo.contains("emulated-client")) {
      return Optional.of(
          "the C2 compiler is off (" + vmInfo + "); remove -Xint and -XX:TieredStopAtLevel");
    }
    return Optional.empty();
  }
}
