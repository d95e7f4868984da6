package org.batchnorm4j.peers;

import java.util.Optional;
import org.bytedeco.javacpp.Loader;

/** Loads native libraries that may be missing. */
final class NativeLibrary {
  private NativeLibrary() {}

  /** Loads a library by its presets; what went wrong, if it cannot be had on this platform. */
  static Optional<LinkageError> load(Class<?> presets) {
    try {
      Loader.load(presets);
      return Optional.empty();
    } catch (LinkageError e) {
      return Optional.of(e);
    }
  }

  /** Loads a library; why not, in one line. */
  static Optional<String> missing(Class<?> presets) {
    return load(presets).map(e -> "no native library for " + Loader.getPlatform() + ": " + e);
  }
}
