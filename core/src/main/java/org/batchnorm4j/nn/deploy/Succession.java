package org.batchnorm4j.nn.deploy;

import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNormReLU;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Residual;
import org.batchnorm4j.nn.Sequential;
import org.jspecify.annotations.Nullable;

/** Finds which layer feeds which batch norm in chains and blocks. Not for several threads. */
final class Succession {

  /** Told of each batch norm that is right behind another layer. */
  @FunctionalInterface
  interface Visitor {
    /** The layer of the given path feeds the batch norm. */
    void visit(String path, Module layer, BatchNorm norm);
  }

  private final Visitor visitor;
  private @Nullable Module last;
  private String lastPath = "";

  private Succession(Visitor visitor) {
    this.visitor = visitor;
  }

  /** Goes through a model. */
  static void of(Module model, Visitor visitor) {
    new Succession(visitor).through("", model);
  }

  private void through(String path, Module module) {
    String prefix = path.isEmpty() ? "" : path + ".";
    switch (module) {
      case Sequential chain ->
          chain.members().children().forEach((name, part) -> through(prefix + name, part));
      case Residual block -> {
        block
            .members()
            .children()
            .forEach((name, part) -> new Succession(visitor).through(prefix + name, part));
        remember(path, block);
      }
      case BatchNormReLU both -> behind(path, both, both.norm());
      case BatchNorm norm -> behind(path, norm, norm);
      default -> remember(path, module);
    }
  }

  private void behind(String path, Module module, BatchNorm norm) {
    if (last != null) {
      visitor.visit(lastPath, last, norm);
    }
    remember(path, module);
  }

  private void remember(String path, Module module) {
    last = module;
    lastPath = path;
  }
}
