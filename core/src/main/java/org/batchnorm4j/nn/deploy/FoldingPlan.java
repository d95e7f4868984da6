package org.batchnorm4j.nn.deploy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNormReLU;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.ReLU;
import org.batchnorm4j.nn.Residual;
import org.batchnorm4j.nn.Sequential;
import org.jspecify.annotations.Nullable;

/**
 * The order in which a model's layers run, as far as it consists of {@link Sequential} and {@link
 * Residual}, and what becomes of each of them. Chains in chains are one line of places; the body
 * and the shortcut of a block are lines of their own. Not safe for use by several threads.
 */
final class FoldingPlan {
  private final List<FoldedLayer> folded = new ArrayList<>();
  private final List<KeptBatchNorm> kept = new ArrayList<>();

  /** A layer of the model, and what takes its place: another layer, or nothing. */
  private static final class Place {
    private final String path;
    private final Module before;
    private @Nullable Module now;

    Place(String path, Module before) {
      this.path = path;
      this.before = before;
      this.now = before;
    }

    String name() {
      String kind = before.members().kind();
      return path.isEmpty() ? kind : kind + " \"" + path + "\"";
    }
  }

  /** The structure of a line. */
  private sealed interface Node {}

  private record Leaf(Place place) implements Node {}

  private record Chain(Module before, Map<String, Node> parts) implements Node {}

  /** What is left of a model. */
  static FoldedModel of(Module model) {
    FoldingPlan plan = new FoldingPlan();
    Module now = plan.folded("", model, "nothing comes before it");
    return new FoldedModel(now, plan.folded, plan.kept);
  }

  /**
   * What is left of a line.
   *
   * @param start why a batch norm cannot be the first in it
   */
  private Module folded(String path, Module module, String start) {
    List<Place> line = new ArrayList<>();
    Node node = read(path, module, line);
    Place last = null;
    for (Place place : line) {
      last = decide(last, place, start);
    }
    return Objects.requireNonNullElseGet(build(node), Sequential::new);
  }

  private Node read(String path, Module module, List<Place> line) {
    if (module instanceof Sequential) {
      String prefix = path.isEmpty() ? "" : path + ".";
      Map<String, Node> parts = new LinkedHashMap<>();
      module
          .members()
          .children()
          .forEach((name, part) -> parts.put(name, read(prefix + name, part, line)));
      return new Chain(module, parts);
    }
    Place place = new Place(path, module);
    line.add(place);
    return new Leaf(place);
  }

  /** Decides about a place; returns the place that feeds what comes next. */
  private Place decide(@Nullable Place last, Place place, String start) {
    return switch (place.before) {
      case BatchNorm norm -> decide(last, place, norm, place.path, start);
      case BatchNormReLU both -> decide(last, place, both.norm(), place.path + ".norm", start);
      case Residual block -> {
        place.now = inside(place, block);
        yield place;
      }
      default -> {
        keepAllIn(place);
        yield place;
      }
    };
  }

  private Place decide(
      @Nullable Place last, Place place, BatchNorm norm, String path, String start) {
    Module feeds = last == null ? null : last.now;
    if (last == null || feeds == null) {
      kept.add(new KeptBatchNorm(path, start));
      return place;
    }
    FoldablePair pair = new FoldablePair(last.name(), feeds, norm);
    FoldedWeights weights;
    try {
      weights = pair.weights();
    } catch (IllegalArgumentException obstacle) {
      kept.add(new KeptBatchNorm(path, String.valueOf(obstacle.getMessage())));
      return place;
    }
    folded.add(new FoldedLayer(path, last.path, weights.largestScale(), weights.rounding()));
    last.now = pair.with(weights);
    Module guard = pair.holdsForRankTwoOnly() ? new RankTwo(last.path) : null;
    if (place.before instanceof BatchNorm) {
      place.now = guard;
      return last;
    }
    place.now = guard == null ? new ReLU() : new Sequential(guard, new ReLU());
    return place;
  }

  private Module inside(Place place, Residual block) {
    String name = place.name();
    Map<String, Module> parts = block.members().children();
    Map<String, Module> built = new LinkedHashMap<>();
    parts.forEach(
        (part, module) ->
            built.put(
                part,
                folded(
                    place.path.isEmpty() ? part : place.path + "." + part,
                    module,
                    "it begins the " + part + " of " + name + ", and its input goes two ways")));
    if (built.equals(parts)) {
      return block;
    }
    return new Residual(Objects.requireNonNull(built.get("body")), built.get("shortcut"));
  }

  private void keepAllIn(Place place) {
    ModelParts.byPath(place.before)
        .forEach(
            (path, part) -> {
              if (part instanceof BatchNorm) {
                kept.add(
                    new KeptBatchNorm(
                        place.path.isEmpty() ? path : place.path + "." + path,
                        "it lies in "
                            + place.name()
                            + ", whose forward is code that folding cannot read; fold the layer and"
                            + " the norm by Folding.fold(layer, norm)"));
              }
            });
  }

  private static @Nullable Module build(Node node) {
    return switch (node) {
      case Leaf(Place place) -> place.now;
      case Chain(Module before, Map<String, Node> parts) -> {
        Sequential chain = new Sequential();
        boolean same = true;
        for (Map.Entry<String, Node> part : parts.entrySet()) {
          Module built = build(part.getValue());
          same &= Objects.equals(built, before.members().children().get(part.getKey()));
          if (built != null) {
            chain.add(part.getKey(), built);
          }
        }
        yield same ? before : chain;
      }
    };
  }
}
