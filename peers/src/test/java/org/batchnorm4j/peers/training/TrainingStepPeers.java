package org.batchnorm4j.peers.training;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.batchnorm4j.benchmarks.comparison.Spread;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.CpuBackend;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/**
 * Whole training steps, ours and libtorch's, in one process: batch 64, the same first weights and
 * pictures, Adam. Steps are taken in turn, ours, then theirs, with a short sleep between, in which
 * threads that wait in a loop go to sleep. Prints a table in Markdown: the middle step of each
 * side, the ratio of neighbouring steps, and what one of our steps takes from the heap; then peak
 * memory, which each side reaches in a process of its own.
 *
 * <p>Arguments: {@code [--channels-last] [--no-memory] [--threads 1,2] [network ...]}. The losses
 * of the first steps must agree, see {@link #compareLosses}; else it ends with an exception.
 */
public final class TrainingStepPeers {
  private static final int COMPARED_STEPS = 3;
  private static final int SETTLE_MILLIS = 20;
  private static final int MEMORY_STEPS = 4;

  private final boolean channelsLast;
  private final ThreadMXBean threadBean = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private TrainingStepPeers(boolean channelsLast) {
    this.channelsLast = channelsLast;
  }

  /**
   * Runs the comparison.
   *
   * @throws IOException if a process for the peak memory does not start
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    if (arguments.length == 4 && arguments[0].equals("--peak")) {
      System.out.println(
          PeakMemory.measure(
              arguments[1],
              network(arguments[2]),
              Boolean.parseBoolean(arguments[3]),
              MEMORY_STEPS));
      return;
    }
    boolean channelsLast = false;
    boolean memory = true;
    List<Integer> threads = List.of(1, 2);
    List<TrainedNetwork> networks = new ArrayList<>();
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--channels-last" -> channelsLast = true;
        case "--no-memory" -> memory = false;
        case "--threads" ->
            threads = Arrays.stream(arguments[++i].split(",", -1)).map(Integer::valueOf).toList();
        default -> networks.add(network(arguments[i]));
      }
    }
    if (networks.isEmpty()) {
      networks.addAll(List.of(TrainedNetwork.values()));
    }
    Loader.load(torch.class);
    System.out.printf(
        "libtorch %s, CPU capability %s, %s; ours: %s%n%n",
        Loader.getVersion("org.bytedeco", "pytorch"),
        torch.get_cpu_capability().getString(),
        channelsLast ? "channels last" : "channels first",
        CpuBackend.of(KernelPreference.AUTO, 1, System.err::println).describe());
    System.out.println(
        "| network | threads | ours, ms | libtorch, ms | libtorch / ours | our heap allocation per"
            + " step |");
    System.out.println("| --- | --- | --- | --- | --- | --- |");
    TrainingStepPeers peers = new TrainingStepPeers(channelsLast);
    for (TrainedNetwork network : networks) {
      peers.compare(network, threads);
    }
    if (memory) {
      PeakMemory.compare(networks, channelsLast);
    }
  }

  private static TrainedNetwork network(String option) {
    return TrainedNetwork.valueOf(option.toUpperCase(Locale.ROOT).replace('-', '_'));
  }

  private void compare(TrainedNetwork network, List<Integer> threadCounts)
      throws InterruptedException {
    TrainingBatch batch = TrainingBatch.of(network.shape);
    OurTraining ours = new OurTraining(network, batch);
    LibtorchTraining theirs = new LibtorchTraining(network, batch, channelsLast);
    String losses = compareLosses(network, ours, theirs);
    for (int threads : threadCounts) {
      ours.useThreads(threads);
      theirs.useThreads(threads);
      for (int i = 0; i < network.warmUp; i++) {
        ours.step();
        theirs.step();
      }
      double[] ourTimes = new double[network.steps];
      double[] theirTimes = new double[network.steps];
      double[] ratios = new double[network.steps];
      double[] bytes = new double[network.steps];
      for (int i = 0; i < network.steps; i++) {
        Thread.sleep(SETTLE_MILLIS);
        long before = threadBean.getTotalThreadAllocatedBytes();
        ourTimes[i] = time(ours);
        bytes[i] = threadBean.getTotalThreadAllocatedBytes() - before;
        Thread.sleep(SETTLE_MILLIS);
        theirTimes[i] = time(theirs);
        ratios[i] = theirTimes[i] / ourTimes[i];
      }
      System.out.printf(
          Locale.ROOT,
          "| %s | %d | %s | %s | %s | %.0f KiB |%n",
          network.option(),
          threads,
          text(Spread.of(ourTimes), 1),
          text(Spread.of(theirTimes), 1),
          text(Spread.of(ratios), 2),
          Spread.of(bytes).median() / 1024);
    }
    System.err.println(losses);
  }

  /** {@code median (lower to upper)} with the given number of decimals. */
  private static String text(Spread spread, int decimals) {
    String number = "%." + decimals + "f";
    return String.format(
        Locale.ROOT,
        number + " (" + number + " to " + number + ")",
        spread.median(),
        spread.lower(),
        spread.upper());
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
  private static String compareLosses(
      TrainedNetwork network, TrainingSide ours, TrainingSide theirs) {
    StringBuilder text = new StringBuilder(network.option() + ", losses, ours and libtorch's:");
    for (int step = 0; step < COMPARED_STEPS; step++) {
      double mine = ours.step();
      double other = theirs.step();
      text.append(String.format(Locale.ROOT, " %.6f %.6f;", mine, other));
      if (Math.abs(mine - other) > (step == 0 ? 1e-4 : 0.05) * other) {
        throw new IllegalStateException("the losses disagree: " + text);
      }
    }
    return text.toString();
  }
}
