package org.batchnorm4j.peers;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.batchnorm4j.peers.BatchNormCase.Affine;
import org.batchnorm4j.peers.BatchNormCase.Channels;
import org.batchnorm4j.peers.BatchNormCase.Entry;
import org.batchnorm4j.peers.BatchNormCase.Eps;
import org.batchnorm4j.peers.BatchNormCase.Mode;
import org.batchnorm4j.peers.BatchNormCase.Momentum;
import org.batchnorm4j.peers.BatchNormCase.Rank;
import org.batchnorm4j.peers.BatchNormCase.Running;
import org.batchnorm4j.peers.BatchNormCase.Spatial;
import org.batchnorm4j.tensor.DType;

/** Pairs of values of two different options. */
final class Pairs {
  /** Values that cannot meet, with the reason. */
  private static final Set<Set<Enum<?>>> IMPOSSIBLE = impossible();

  private Pairs() {}

  private static Set<Set<Enum<?>>> impossible() {
    Set<Set<Enum<?>>> pairs = new HashSet<>();
    for (Spatial spatial : Spatial.values()) {
      for (Rank rank : Rank.values()) {
        // axes from 2 on exist from rank 3 on
        if ((rank == Rank.TWO) != (spatial == Spatial.NO_AXIS)) {
          pairs.add(Set.of(rank, spatial));
        }
      }
    }
    // a function keeps no count; a layer has a channel, and a gamma wherever it has a beta
    pairs.add(Set.of(Entry.FUNCTION, Momentum.CUMULATIVE));
    pairs.add(Set.of(Entry.LAYER, Channels.NONE));
    pairs.add(Set.of(Entry.LAYER, Affine.BIAS));
    // so what only a layer has never meets what only a function has
    pairs.add(Set.of(Momentum.CUMULATIVE, Channels.NONE));
    pairs.add(Set.of(Momentum.CUMULATIVE, Affine.BIAS));
    // a variance of the batch may be 0
    pairs.add(Set.of(Eps.ZERO, Mode.TRAINING));
    pairs.add(Set.of(Eps.ZERO, Running.ABSENT));
    return pairs;
  }

  static boolean isPossible(Enum<?> a, Enum<?> b) {
    return !IMPOSSIBLE.contains(Set.of(a, b));
  }

  /** Whether no two values of the case exclude each other. */
  static boolean isPossible(BatchNormCase drawn) {
    Enum<?>[] options = drawn.options();
    for (int i = 0; i < options.length; i++) {
      for (int j = 0; j < i; j++) {
        if (!isPossible(options[i], options[j])) {
          return false;
        }
      }
    }
    return true;
  }

  /** Every pair that can occur. */
  static Set<String> all() {
    List<? extends Enum<?>[]> domains =
        List.of(
            Entry.values(),
            Rank.values(),
            BatchNormCases.INPUTS,
            Mode.values(),
            Running.values(),
            Momentum.values(),
            Eps.values(),
            Affine.values(),
            org.batchnorm4j.tensor.Layout.values(),
            BatchNormCase.Batch.values(),
            Channels.values(),
            Spatial.values(),
            BatchNormCase.Gradient.values(),
            BatchNormCase.Values.values(),
            BatchNormCase.Kernels.values(),
            BatchNormCase.Threads.values());
    Set<String> pairs = new TreeSet<>();
    for (int i = 0; i < domains.size(); i++) {
      for (int j = 0; j < i; j++) {
        for (Enum<?> a : domains.get(i)) {
          for (Enum<?> b : domains.get(j)) {
            if (isPossible(a, b)) {
              pairs.add(name(a, b));
            }
          }
        }
      }
    }
    return pairs;
  }

  /** The pairs that occur in the case. */
  static Set<String> of(BatchNormCase drawn) {
    Enum<?>[] options = drawn.options();
    Set<String> pairs = new TreeSet<>();
    for (int i = 0; i < options.length; i++) {
      for (int j = 0; j < i; j++) {
        pairs.add(name(options[i], options[j]));
      }
    }
    return pairs;
  }

  private static String name(Enum<?> a, Enum<?> b) {
    return name(a) + " with " + name(b);
  }

  private static String name(Enum<?> value) {
    String option = value instanceof DType ? "input" : value.getDeclaringClass().getSimpleName();
    return option + "." + value.name();
  }
}
