package org.batchnorm4j.model;

import java.util.Optional;
import org.batchnorm4j.nn.Module;

/** No normalisation. Stateless and safe for use by several threads. */
final class NoNorm implements Norm {
  static final Norm INSTANCE = new NoNorm();

  private NoNorm() {}

  @Override
  public String name() {
    return "none";
  }

  @Override
  public Optional<Module> ofPlanes(int channels) {
    return Optional.empty();
  }

  @Override
  public Optional<Module> ofFeatures(int features) {
    return Optional.empty();
  }

  @Override
  public boolean shifts() {
    return false;
  }
}
