package org.batchnorm4j.autograd;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;

/**
 * The operations of one pass in the order they ran. Walked backwards in a loop, so the depth of a
 * network costs no stack.
 */
final class Tape {
  private record Entry(String name, Tensor output, List<Edge> edges) {}

  private final List<Entry> entries = new ArrayList<>();
  private final Set<Tensor> watched = Collections.newSetFromMap(new IdentityHashMap<>());
  private final IdentityHashMap<Tensor, Integer> producers = new IdentityHashMap<>();

  void watch(Tensor tensor) {
    watched.add(tensor);
  }

  boolean tracks(Tensor tensor) {
    return watched.contains(tensor) || producers.containsKey(tensor);
  }

  void record(String name, Tensor output, Edge... edges) {
    List<Edge> needed = new ArrayList<>(edges.length);
    for (Edge edge : edges) {
      if (tracks(edge.input())) {
        needed.add(edge);
      }
    }
    if (!needed.isEmpty() && !tracks(output)) {
      producers.put(output, entries.size());
      entries.add(new Entry(name, output, needed));
    }
  }

  /**
   * Gradients of {@code loss} for everything watched that it depends on. When an entry's turn
   * comes, all uses of its output lie behind it, so the sum of their gradients is complete. What
   * was computed on the way and is needed no more goes back to the arena of the pass, unless the
   * pass records the gradients.
   */
  IdentityHashMap<Tensor, Tensor> backward(Tensor loss, Tensor seed, Pass pass) {
    if (!tracks(loss)) {
      throw new IllegalStateException(
          "backward: the loss of shape "
              + loss.shape()
              + " does not depend on anything this pass watches; compute it with operations of the"
              + " pass (pass.mul(a, b), model.forward(x, pass)), those of Tensor are not recorded");
    }
    IdentityHashMap<Tensor, Tensor> open = new IdentityHashMap<>();
    open.put(loss, seed);
    Passing passing = Passing.of(pass);
    for (int i = producers.getOrDefault(loss, -1); i >= 0; i--) {
      Entry entry = entries.get(i);
      Tensor output = entry.output();
      Tensor g = watched.contains(output) ? open.get(output) : open.remove(output);
      if (g == null) {
        continue;
      }
      for (Edge edge : entry.edges()) {
        Tensor gradient = edge.derivative().apply(g, pass);
        checkShape(entry.name(), edge.input().shape(), gradient.shape());
        open.merge(
            edge.input(),
            gradient,
            (a, b) -> {
              passing.add(a);
              passing.add(b);
              return Elementary.addGradients(a, b, pass);
            });
      }
      passing.add(g);
      passing.release(open.values());
    }
    open.keySet().retainAll(watched);
    return open;
  }

  private static void checkShape(String name, Shape expected, Shape actual) {
    if (!actual.equals(expected)) {
      throw new ShapeException(
          "backward of "
              + name
              + " gave a gradient of shape "
              + actual
              + " for an input of shape "
              + expected);
    }
  }
}
