package org.batchnorm4j.nn.deploy;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.batchnorm4j.nn.Module;

/** Finds the parts of a model by their paths from it. Stateless. */
final class ModelParts {
  private ModelParts() {}

  /**
   * Every module of a model by its path from there, the model itself first under the empty path, in
   * the order of registration. A part that is used in several places is listed once, where it comes
   * first.
   */
  static Map<String, Module> byPath(Module model) {
    Map<String, Module> found = new LinkedHashMap<>();
    collect("", model, found, Collections.newSetFromMap(new IdentityHashMap<>()));
    return Collections.unmodifiableMap(found);
  }

  private static void collect(
      String path, Module module, Map<String, Module> into, Set<Module> seen) {
    if (!seen.add(module)) {
      return;
    }
    into.put(path, module);
    String prefix = path.isEmpty() ? "" : path + ".";
    module.members().children().forEach((name, part) -> collect(prefix + name, part, into, seen));
  }
}
