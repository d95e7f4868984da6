package org.batchnorm4j.peers.training;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.batchnorm4j.benchmarks.comparison.Machine;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.CpuBackend;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;

/**
 * {@code batchnorm4j-bench training}: whole training steps, ours and libtorch's, in one process,
 * and the peak memory of either side in a process of its own. Thread safety: none.
 */
public final class TrainingCommand {
  private static final int MEMORY_STEPS = 4;

  private TrainingCommand() {}

  /**
   * Runs the command. Exits with 2 for arguments that are none, with 1 if results cannot be written
   * or the losses of both sides disagree.
   */
  public static void main(String[] arguments) throws InterruptedException {
    try {
      if (arguments.length == 4 && arguments[0].equals("--peak")) {
        System.out.println(
            PeakMemory.measure(
                arguments[1],
                TrainedNetwork.named(arguments[2]),
                Boolean.parseBoolean(arguments[3]),
                MEMORY_STEPS));
        return;
      }
      if (List.of(arguments).contains("--help") || List.of(arguments).contains("-h")) {
        System.out.print(TrainingRequest.USAGE);
        return;
      }
      run(TrainingRequest.parsed(List.of(arguments)));
    } catch (IllegalArgumentException e) {
      System.err.print(
          "batchnorm4j-bench: " + e.getMessage() + System.lineSeparator() + TrainingRequest.USAGE);
      System.exit(2);
    } catch (IOException | IllegalStateException e) {
      System.err.println("batchnorm4j-bench: " + e.getMessage());
      System.exit(1);
    }
  }

  private static void run(TrainingRequest request) throws IOException, InterruptedException {
    Loader.load(torch.class);
    List<String> facts = new ArrayList<>(Machine.facts());
    facts.add("ours: " + CpuBackend.of(KernelPreference.AUTO, 1, System.err::println).describe());
    facts.add(
        String.format(
            Locale.ROOT,
            "libtorch: version %s, CPU capability %s; channels first and channels last, the faster"
                + " one counts",
            Loader.getVersion("org.bytedeco", "pytorch"),
            torch.get_cpu_capability().getString()));
    facts.forEach(System.out::println);
    TrainingReport report = new TrainingReport(facts);
    for (TrainedNetwork network : request.networks()) {
      StepComparison comparison = new StepComparison(network, request.quick());
      for (int threads : request.threads()) {
        StepComparison.Row row = comparison.measure(threads);
        report.add(row);
        System.out.println(row.markdown());
      }
    }
    if (request.memory()) {
      for (TrainedNetwork network : request.networks()) {
        PeakMemory.Row row = PeakMemory.compare(network, report.channelsLastIsFaster(network));
        report.add(row);
        System.out.println(row.markdown());
      }
    }
    report.missed().forEach(System.out::println);
    report.write(request.out());
    System.out.println("written: " + request.out().resolve("training.md") + " and training.csv");
  }
}
