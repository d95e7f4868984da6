package org.batchnorm4j.benchmarks.comparison;

import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * A copy of the tensor on the same threads: what memory allows to whom reads and writes once. Used
 * by one thread.
 */
public final class Roof extends Ceiling {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;

  private final boolean ordinaryStores;

  /**
   * @param ordinaryStores whether a loop over vectors copies; else {@link System#arraycopy}, whose
   *     stores of large blocks pass the caches by
   */
  public Roof(boolean ordinaryStores) {
    this.ordinaryStores = ordinaryStores;
  }

  @Override
  public String name() {
    return ordinaryStores ? "roof" : "arraycopy";
  }

  @Override
  public List<String> facts() {
    return List.of(
        ordinaryStores
            ? "copy loop with ordinary stores of " + SPECIES.vectorBitSize() + " bits"
            : "System.arraycopy");
  }

  /** Copies as many bytes as a tensor of the problem has. */
  @Override
  public Contender prepare(Problem problem) {
    return new Copy(problem.x(), Math.toIntExact((problem.bytes() + 3) / 4));
  }

  private final class Copy extends OnThreads {
    private final float[] from;
    private final float[] to;

    Copy(float[] from, int size) {
      this.from = from;
      to = new float[size];
    }

    @Override
    public void run() {
      eachBlock(
          to.length,
          (start, length) -> {
            if (ordinaryStores) {
              copy(from, to, start, length);
            } else {
              System.arraycopy(from, start, to, start, length);
            }
          });
    }

    @Override
    public Outputs outputs() {
      return new Outputs(to.clone());
    }
  }

  static void copy(float[] from, float[] to, int start, int length) {
    int bound = SPECIES.loopBound(length);
    int i = 0;
    for (; i < bound; i += SPECIES.length()) {
      FloatVector.fromArray(SPECIES, from, start + i).intoArray(to, start + i);
    }
    for (; i < length; i++) {
      to[start + i] = from[start + i];
    }
  }
}
