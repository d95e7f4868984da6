package org.batchnorm4j.peers.training;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import org.batchnorm4j.benchmarks.comparison.Spread;

/**
 * Steps of one network, ours and libtorch's in both layouts, in turn, with the same first weights
 * and pictures. Between them is a short sleep, in which threads that wait in a loop go to sleep.
 * Belongs to one thread.
 */
final class StepComparison {
  private static final int COMPARED_STEPS = 3;
  private static final int SETTLE_MILLIS = 20;

  /**
   * What came out.
   *
   * @param network what was trained
   * @param threads number of threads
   * @param ours milliseconds of a step
   * @param theirs milliseconds of a step of libtorch's faster layout
   * @param channelsLast whether that is channels last
   * @param ratio theirs by ours, step by step
   * @param kibibytes what one of our steps takes from the heap
   */
  record Row(
      TrainedNetwork network,
      int threads,
      Spread ours,
      Spread theirs,
      boolean channelsLast,
      Spread ratio,
      double kibibytes) {

    String markdown() {
      return String.format(
          Locale.ROOT,
          "| %s | %d | %.1f (%.1f-%.1f) | %.1f (%.1f-%.1f) | %s | %.2f (%.2f-%.2f) | %.0f KiB |",
          network.option(),
          threads,
          ours.median(),
          ours.lower(),
          ours.upper(),
          theirs.median(),
          theirs.lower(),
          theirs.upper(),
          channelsLast ? "last" : "first",
          ratio.median(),
          ratio.lower(),
          ratio.upper(),
          kibibytes);
    }
  }

  private final TrainedNetwork network;
  private final boolean quick;
  private final OurTraining ours;
  private final TrainingSide[] theirs;
  private final ThreadMXBean threadBean = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /**
   * Builds all sides and takes the first steps.
   *
   * @throws IllegalStateException if the losses of these steps disagree
   */
  StepComparison(TrainedNetwork network, boolean quick) {
    this.network = network;
    this.quick = quick;
    TrainingBatch batch = TrainingBatch.of(network.shape());
    ours = new OurTraining(network, batch);
    theirs =
        new TrainingSide[] {
          new LibtorchTraining(network, batch, false), new LibtorchTraining(network, batch, true)
        };
    compareLosses();
  }

  Row measure(int threads) throws InterruptedException {
    ours.useThreads(threads);
    for (TrainingSide side : theirs) {
      side.useThreads(threads);
    }
    for (int i = 0; i < network.warmUp; i++) {
      ours.step();
      for (TrainingSide side : theirs) {
        side.step();
      }
    }
    int steps = quick ? Math.max(3, network.steps / 3) : network.steps;
    double[] ourTimes = new double[steps];
    double[][] theirTimes = new double[theirs.length][steps];
    double[] bytes = new double[steps];
    for (int i = 0; i < steps; i++) {
      Thread.sleep(SETTLE_MILLIS);
      long before = threadBean.getTotalThreadAllocatedBytes();
      ourTimes[i] = time(ours);
      bytes[i] = threadBean.getTotalThreadAllocatedBytes() - before;
      for (int side = 0; side < theirs.length; side++) {
        Thread.sleep(SETTLE_MILLIS);
        theirTimes[side][i] = time(theirs[side]);
      }
    }
    boolean last = Spread.of(theirTimes[1]).median() < Spread.of(theirTimes[0]).median();
    double[] faster = theirTimes[last ? 1 : 0];
    double[] ratios = new double[steps];
    for (int i = 0; i < steps; i++) {
      ratios[i] = faster[i] / ourTimes[i];
    }
    return new Row(
        network,
        threads,
        Spread.of(ourTimes),
        Spread.of(faster),
        last,
        Spread.of(ratios),
        Spread.of(bytes).median() / 1024);
  }

  private static double time(TrainingSide side) {
    long start = System.nanoTime();
    double loss = side.step();
    double millis = (System.nanoTime() - start) / 1e6;
    if (!Double.isFinite(loss)) {
      throw new IllegalStateException("the loss became " + loss);
    }
    return millis;
  }

  /**
   * The first loss depends on the forward pass alone: both sides may differ by the roundings of
   * float32 in at most 21 layers, less than 1e-4 of it. Adam's first steps move each weight by the
   * learning rate in the direction of its gradient's sign, whatever its size, so a gradient next to
   * 0 may go the other way on either side: the later losses agree to a twentieth.
   */
  private void compareLosses() {
    StringBuilder text = new StringBuilder(network.option() + ", losses, ours and libtorch's:");
    for (int step = 0; step < COMPARED_STEPS; step++) {
      double mine = ours.step();
      text.append(String.format(Locale.ROOT, " %.6f", mine));
      for (TrainingSide side : theirs) {
        double other = side.step();
        text.append(String.format(Locale.ROOT, " %.6f", other));
        if (Math.abs(mine - other) > (step == 0 ? 1e-4 : 0.05) * other) {
          throw new IllegalStateException("the losses disagree: " + text);
        }
      }
      text.append(';');
    }
    System.err.println(text);
  }
}
