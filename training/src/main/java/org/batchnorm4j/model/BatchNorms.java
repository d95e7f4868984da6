package org.batchnorm4j.model;

import java.util.Optional;
import org.batchnorm4j.nn.BatchNorm1d;
import org.batchnorm4j.nn.BatchNorm2d;
import org.batchnorm4j.nn.Module;

/** Batch normalisation with PyTorch's defaults. Stateless and safe for use by several threads. */
final class BatchNorms implements Norm {
  static final Norm INSTANCE = new BatchNorms();

  private BatchNorms() {}

  @Override
  public String name() {
    return "batch";
  }

  @Override
  public Optional<Module> ofPlanes(int channels) {
    return Optional.of(new BatchNorm2d(channels));
  }

  @Override
  public Optional<Module> ofFeatures(int features) {
    return Optional.of(new BatchNorm1d(features));
  }

  @Override
  public boolean shifts() {
    return true;
  }

  @Override
  public boolean looksAcrossTheBatch() {
    return true;
  }
}
