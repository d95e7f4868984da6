package org.batchnorm4j.benchmarks.comparison;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;

/** Facts about the machine, as far as Linux tells them. Safe for use by many threads. */
public final class Machine {
  private Machine() {}

  /** Processor, caches, memory pages, JVM and load, one line each. */
  public static List<String> facts() {
    return List.of(
        LocalDate.now(ZoneOffset.UTC) + ", " + processor(),
        "last cache "
            + (lastCache() >> 20)
            + " MiB, which other machines on the same processor may use too; transparent huge pages "
            + line(Path.of("/sys/kernel/mm/transparent_hugepage/enabled")),
        "JVM " + Runtime.version() + " (" + System.getProperty("java.vm.name") + ")",
        String.format(
            Locale.ROOT,
            "load at the start %.2f on %d processors",
            load(),
            Runtime.getRuntime().availableProcessors()));
  }

  /** Average load of the last minute. */
  static double load() {
    return ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
  }

  private static String processor() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
        if (line.startsWith("model name")) {
          return line.substring(line.indexOf(':') + 2);
        }
      }
    } catch (IOException e) {
      return "unknown processor (" + e.getMessage() + ")";
    }
    return "unknown processor";
  }

  /** Bytes of the third-level cache; 32 MiB where they are not known. */
  static long lastCache() {
    String size = line(Path.of("/sys/devices/system/cpu/cpu0/cache/index3/size"));
    return size.matches("[0-9]+K") ? Long.parseLong(size.replace("K", "")) << 10 : 32L << 20;
  }

  private static String line(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      return "unknown";
    }
  }
}
