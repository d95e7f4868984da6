package org.batchnorm4j.benchmarks.comparison;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.batchnorm4j.kernel.KernelChoice;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.Layout;

/**
 * Says no when SIMD kernels fall off a cliff, such as vectors that the compiler boxes: against a
 * copy of the tensor and against the scalar kernels, in one process, best of many runs. Bounds are
 * several times what is measured, so that a busy or slow machine does not trip it, and a kernel has
 * minutes to come under them before it fails; one that is compiled well needs a second. Thread
 * safety: none.
 */
public final class KernelGuard {
  private static final Planes SHAPE = new Planes(8, 128, 28, 28);

  /** Measured: 4 to 20. */
  private static final double MOST_COPIES = 80;

  /** Measured: 0.2 to 1.2. Boxed vectors: 20 and more. */
  private static final double MOST_SCALAR = 3;

  private static final long TURN_NANOS = 50_000_000;
  private static final long PATIENCE_NANOS = 240_000_000_000L;

  private KernelGuard() {}

  /** Exits with 1 if a kernel stays beyond a bound. */
  public static void main(String[] args) {
    if (KernelChoice.choose(KernelPreference.AUTO).kernels().name().equals("scalar")) {
      System.out.println("no SIMD kernels on this machine: nothing to guard");
      return;
    }
    boolean fine = true;
    for (Layout layout : Layout.values()) {
      Problem numbers = Problem.of(SHAPE, layout, Operation.FORWARD);
      for (Operation operation :
          List.of(
              Operation.FORWARD,
              Operation.BACKWARD,
              Operation.ADD_RELU_FORWARD,
              Operation.INFERENCE)) {
        fine &= holds(numbers.with(operation));
      }
    }
    System.exit(fine ? 0 : 1);
  }

  private static boolean holds(Problem problem) {
    List<Contender> contenders =
        List.of(
            new Ours(KernelPreference.SIMD).prepare(problem),
            new Ours(KernelPreference.SCALAR).prepare(problem),
            new Roof(true).prepare(problem));
    double[] best = new double[contenders.size()];
    Arrays.fill(best, Double.POSITIVE_INFINITY);
    long start = System.nanoTime();
    boolean fine;
    do {
      for (int i = 0; i < best.length; i++) {
        best[i] = Math.min(best[i], fastest(contenders.get(i)));
      }
      fine = best[0] <= MOST_SCALAR * best[1] && best[0] <= MOST_COPIES * best[2];
    } while (!fine && System.nanoTime() - start < PATIENCE_NANOS);
    System.out.printf(
        Locale.ROOT,
        "%s: %.3f ms, %.2f of the scalar kernels' time (at most %.0f), %.1f copies (at most"
            + " %.0f)%s%n",
        problem,
        best[0] / 1e6,
        best[0] / best[1],
        MOST_SCALAR,
        best[0] / best[2],
        MOST_COPIES,
        fine ? "" : ": TOO SLOW");
    return fine;
  }

  private static double fastest(Contender contender) {
    double best = Double.POSITIVE_INFINITY;
    long start = System.nanoTime();
    while (System.nanoTime() - start < TURN_NANOS) {
      long from = System.nanoTime();
      contender.run();
      best = Math.min(best, (double) (System.nanoTime() - from));
    }
    return best;
  }
}
