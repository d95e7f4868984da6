package org.batchnorm4j.autograd;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.batchnorm4j.tensor.Arena;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Results that have been passed on, such as the gradients of one backward pass, and whose memory
 * goes back to the arena as soon as nothing that is still needed lies in it. Belongs to one thread.
 */
final class Passing {
  private final @Nullable Arena arena;
  private final int mark;
  private final List<Tensor> passed = new ArrayList<>();

  private Passing(@Nullable Arena arena) {
    this.arena = arena;
    mark = arena == null ? 0 : arena.mark();
  }

  /** Releases nothing where gradients are recorded, since what is recorded reads them again. */
  static Passing of(Pass pass) {
    boolean releases = !pass.isRecording() && pass.backend().memory() instanceof Arena;
    return new Passing(releases ? (Arena) pass.backend().memory() : null);
  }

  /** Adds a gradient that nothing new will read. */
  void add(Tensor gradient) {
    if (arena != null) {
      passed.add(gradient);
    }
  }

  /** Hands back what was made since this began and shares no memory with a gradient needed. */
  void release(Collection<Tensor> needed) {
    if (arena == null) {
      return;
    }
    for (Tensor gradient : passed) {
      if (!isNeeded(gradient, needed)) {
        arena.release(gradient, mark);
      }
    }
    passed.clear();
  }

  private static boolean isNeeded(Tensor gradient, Collection<Tensor> needed) {
    for (Tensor other : needed) {
      if (gradient.sharesMemory(other)) {
        return true;
      }
    }
    return false;
  }
}
