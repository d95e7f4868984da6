package org.batchnorm4j.peers;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/** The native libraries of the peers: loaded, or the test says so and is skipped. */
final class Natives {
  private Natives() {}

  /**
   * Loads libtorch, on one thread. Where it cannot be had the test is skipped with one line on
   * standard output; where the system property {@code batchnorm4j.ci} is {@code true} it fails.
   */
  static void needLibtorch() {
    need("libtorch", torch.class);
    torch.set_num_threads(1);
  }

  /** Loads oneDNN; see {@link #needLibtorch}. */
  static void needOneDnn() {
    need("oneDNN", org.bytedeco.dnnl.global.dnnl.class);
  }

  private static void need(String what, Class<?> presets) {
    NativeLibrary.load(presets)
        .ifPresent(
            e -> {
              String message =
                  "skipped: no native library of "
                      + what
                      + " for "
                      + Loader.getPlatform()
                      + ": "
                      + e;
              if (Boolean.getBoolean("batchnorm4j.ci")) {
                fail(message, e);
              }
              System.out.println(message);
              abort(message);
            });
  }
}
