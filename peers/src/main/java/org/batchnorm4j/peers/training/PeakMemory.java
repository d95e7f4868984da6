package org.batchnorm4j.peers.training;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/**
 * How much memory a process takes for a few training steps: the peak of its resident pages (Linux'
 * {@code VmHWM}) less what was resident before the network was built. Each side has a process of
 * its own; weights, gradients and the optimiser's state count, for ours the unused part of the heap
 * too.
 */
final class PeakMemory {
  private PeakMemory() {}

  /**
   * The peaks of both sides.
   *
   * @param network what was trained
   * @param ours MiB
   * @param theirs MiB
   */
  record Row(TrainedNetwork network, double ours, double theirs) {

    double ratio() {
      return ours / theirs;
    }

    String markdown() {
      return String.format(
          Locale.ROOT, "| %s | %.0f | %.0f | %.2f |", network.option(), ours, theirs, ratio());
    }
  }

  /** Measures both sides, each in a process of its own. */
  static Row compare(TrainedNetwork network, boolean channelsLast)
      throws IOException, InterruptedException {
    return new Row(
        network,
        inOtherProcess("ours", network, channelsLast),
        inOtherProcess("libtorch", network, channelsLast));
  }

  private static double inOtherProcess(String side, TrainedNetwork network, boolean channelsLast)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path", "")));
    command.add(TrainingCommand.class.getName());
    command.addAll(List.of("--peak", side, network.option(), Boolean.toString(channelsLast)));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String line;
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      line = reader.readLine();
    }
    if (process.waitFor() != 0 || line == null) {
      throw new IOException("no peak memory from " + command);
    }
    return Double.parseDouble(line);
  }

  /** MiB that the given side needs in this process. */
  static double measure(String side, TrainedNetwork network, boolean channelsLast, int steps)
      throws IOException {
    Loader.load(torch.class);
    TrainingBatch batch = TrainingBatch.of(network.shape());
    System.gc();
    double before = resident("VmRSS:");
    TrainingSide training =
        side.equals("ours")
            ? new OurTraining(network, batch)
            : new LibtorchTraining(network, batch, channelsLast);
    training.useThreads(2);
    for (int i = 0; i < steps; i++) {
      training.step();
    }
    if (training instanceof OurTraining ours) {
      System.err.printf(
          Locale.ROOT,
          "%s: our steps took %.0f MiB for tensors%n",
          network.option(),
          ours.pooledBytes() / 1048576.0);
    }
    return resident("VmHWM:") - before;
  }

  private static double resident(String field) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith(field)) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    throw new IOException("/proc/self/status has no " + field);
  }
}
