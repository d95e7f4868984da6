package org.batchnorm4j.benchmarks.comparison;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * How much of this process lies on huge pages: with pages of 4 KiB a walk over many channels looks
 * up addresses rather than values. Both the JVM and native code must ask for them, which {@code
 * batchnorm4j-bench} sees to.
 *
 * @param nativeHeap bytes that native code has allocated
 * @param nativeHuge those of them on huge pages
 * @param other bytes of other memory without a file, which the JVM's heap is nearly all of
 * @param otherHuge those of them on huge pages
 */
record HugePages(long nativeHeap, long nativeHuge, long other, long otherHuge) {

  /** From Linux' list of this process's memory. */
  static String now() {
    try {
      return of(Files.readAllLines(Path.of("/proc/self/smaps"))).text();
    } catch (IOException e) {
      return "huge pages in use: unknown (" + e.getMessage() + ")";
    }
  }

  static HugePages of(List<String> smaps) {
    long[] sums = new long[4];
    boolean brk = false;
    for (String line : smaps) {
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        brk = line.endsWith("[heap]");
      } else if (line.startsWith("Anonymous:")) {
        sums[brk ? 0 : 2] += bytes(line);
      } else if (line.startsWith("AnonHugePages:")) {
        sums[brk ? 1 : 3] += bytes(line);
      }
    }
    return new HugePages(sums[0], sums[1], sums[2], sums[3]);
  }

  private static long bytes(String line) {
    return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
  }

  String text() {
    return String.format(
        Locale.ROOT,
        "on huge pages: %d of %d MiB of the native heap, %d of %d MiB of the JVM",
        nativeHuge >> 20,
        nativeHeap >> 20,
        otherHuge >> 20,
        other >> 20);
  }
}
