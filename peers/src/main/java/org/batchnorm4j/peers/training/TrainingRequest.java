package org.batchnorm4j.peers.training;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What {@code batchnorm4j-bench training} was asked for.
 *
 * @param quick whether few steps
 * @param memory whether peak memory too
 * @param threads which numbers of threads
 * @param networks what is trained
 * @param out folder of the results
 */
record TrainingRequest(
    boolean quick, boolean memory, List<Integer> threads, List<TrainedNetwork> networks, Path out) {

  static final String USAGE =
      """
      Usage: batchnorm4j-bench training [--quick] [--no-memory] [--threads LIST] [--out DIR] [NETWORK ...]
      Training steps of batch 64 side by side with libtorch: forward, loss, backward, Adam.
        --quick         few steps
        --no-memory     steps only, not the peak of memory
        --threads LIST  such as 1 (default 1,2)
        --out DIR       where training.md and training.csv go (default target/bench)
        NETWORK         of labml-mnist, labml-cifar10, resnet18 (default all)
      """;

  /**
   * @throws IllegalArgumentException for arguments that are none
   */
  static TrainingRequest parsed(List<String> args) {
    boolean quick = false;
    boolean memory = true;
    List<Integer> threads = List.of(1, 2);
    List<TrainedNetwork> networks = new ArrayList<>();
    Path out = Path.of("target/bench");
    for (int i = 0; i < args.size(); i++) {
      switch (args.get(i)) {
        case "--quick" -> quick = true;
        case "--no-memory" -> memory = false;
        case "--threads" -> threads = numbers(value(args, ++i));
        case "--out" -> out = Path.of(value(args, ++i));
        default -> networks.add(TrainedNetwork.named(args.get(i)));
      }
    }
    if (networks.isEmpty()) {
      networks.addAll(List.of(TrainedNetwork.values()));
    }
    return new TrainingRequest(quick, memory, threads, List.copyOf(networks), out);
  }

  private static String value(List<String> args, int at) {
    if (at == args.size()) {
      throw new IllegalArgumentException(args.getLast() + " needs a value");
    }
    return args.get(at);
  }

  private static List<Integer> numbers(String list) {
    if (!list.matches("[1-9][0-9]?(,[1-9][0-9]?)*")) {
      throw new IllegalArgumentException(
          "--threads takes numbers from 1 to 99 with commas between, got " + list);
    }
    return Arrays.stream(list.split(",", -1)).map(Integer::valueOf).toList();
  }
}
