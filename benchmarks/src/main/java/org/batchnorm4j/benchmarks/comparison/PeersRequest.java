package org.batchnorm4j.benchmarks.comparison;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;

/**
 * What {@code batchnorm4j-bench peers} was asked for.
 *
 * @param quick whether tensors are cut to 64 MiB
 * @param lists the work lists
 * @param only the one shape, or empty
 * @param operations what is measured
 * @param types in which tensors are stored
 * @param layouts orders in memory
 * @param threads numbers of threads
 * @param budget nanoseconds for the rounds of one problem; 0 runs everybody a few times
 * @param peers names of those who take part beside ours, the roof and the bare passes; empty for
 *     all
 * @param out folder of the results
 */
record PeersRequest(
    boolean quick,
    List<WorkList> lists,
    String only,
    List<Operation> operations,
    List<DType> types,
    List<Layout> layouts,
    List<Integer> threads,
    long budget,
    Set<String> peers,
    Path out) {

  static final String USAGE =
      """
      Usage: batchnorm4j-bench peers [--quick] [OPTION]...
      Batch norm side by side with libtorch, oneDNN, ONNX Runtime and ND4J. Values with commas between them.
        --quick         topologies_small, ragged, nc; tensors of 64 MiB at most, and not ND4J: below ten minutes.
                        Without it resnet_50, googlenet_v3, densenet_121, 1d, 3d, ragged, nc at benchdnn's batch,
                        tensors of 256 MiB at most: some hours, and 20 GB of memory
        --list LIST     of the work lists above
        --only SHAPE    one shape of them, such as 50x512x7x7
        --ops LIST      of forward, backward, relu-forward, relu-backward, add-relu-forward, add-relu-backward,
                        inference, inference-relu (default: all; with --quick, those that have targets)
        --type LIST     of f32, bf16 (default both; bf16 for tensors past the last cache, and plain operations)
        --layout LIST   of nchw, nhwc (default both)
        --threads LIST  such as 1 (default 1,2)
        --seconds S     for the rounds of one problem (default 4; with --quick, 0.5). With 0 nobody is warmed up and
                        all have one turn: whether everything runs and agrees, and no times to believe
        --peers LIST    of scalar, arraycopy, libtorch, onednn, onnxruntime, nd4j, none (default: all)
        --out DIR       where peers.md, peers.csv and peers.svg go (default target/bench)
      """;

  private static final Set<String> NAMES =
      Set.of(
          "--list",
          "--only",
          "--ops",
          "--type",
          "--layout",
          "--threads",
          "--seconds",
          "--peers",
          "--out");

  private static final Map<String, Layout> LAYOUTS =
      Map.of("nchw", Layout.CHANNELS_FIRST, "nhwc", Layout.CHANNELS_LAST);

  private static final Map<String, DType> TYPES =
      Map.of("f32", DType.FLOAT32, "bf16", DType.BFLOAT16);

  private static final Set<String> PEERS =
      Set.of("scalar", "arraycopy", "libtorch", "onednn", "onnxruntime", "nd4j", "none");

  private static final String QUICK_OPERATIONS =
      "forward,backward,inference,inference-relu,add-relu-forward,add-relu-backward";

  /**
   * @throws IllegalArgumentException for arguments that are none
   */
  static PeersRequest parsed(List<String> args) {
    if (args.isEmpty() || !args.getFirst().equals("peers")) {
      throw new IllegalArgumentException("the only command is peers");
    }
    boolean quick = false;
    Map<String, String> values = new HashMap<>();
    for (int i = 1; i < args.size(); i++) {
      String name = args.get(i);
      if (name.equals("--quick")) {
        quick = true;
        continue;
      }
      if (!NAMES.contains(name)) {
        throw new IllegalArgumentException("unknown argument \"" + name + "\"");
      }
      if (++i >= args.size()) {
        throw new IllegalArgumentException(name + " needs a value");
      }
      values.put(name, args.get(i));
    }
    Map<String, WorkList> lists = byLabel(WorkList.values(), WorkList::label);
    Map<String, Operation> operations = byLabel(Operation.values(), Operation::label);
    String allOperations =
        String.join(",", Arrays.stream(Operation.values()).map(Operation::label).toList());
    return new PeersRequest(
        quick,
        chosen(
            values,
            "--list",
            quick
                ? "topologies_small,ragged,nc"
                : "resnet_50,googlenet_v3,densenet_121,1d,3d,ragged,nc",
            lists),
        values.getOrDefault("--only", ""),
        chosen(values, "--ops", quick ? QUICK_OPERATIONS : allOperations, operations),
        chosen(values, "--type", "f32,bf16", TYPES),
        chosen(values, "--layout", "nchw,nhwc", LAYOUTS),
        threads(values.getOrDefault("--threads", "1,2")),
        nanos(values.getOrDefault("--seconds", quick ? "0.5" : "4")),
        Set.copyOf(
            chosen(
                values,
                "--peers",
                "scalar,arraycopy,libtorch,onednn,onnxruntime" + (quick ? "" : ",nd4j"),
                PEERS.stream().collect(Collectors.toMap(n -> n, n -> n)))),
        Path.of(values.getOrDefault("--out", "target/bench")));
  }

  private static <T> Map<String, T> byLabel(T[] values, Function<T, String> label) {
    return Arrays.stream(values).collect(Collectors.toMap(label, v -> v));
  }

  private static <T> List<T> chosen(
      Map<String, String> values, String name, String standard, Map<String, T> known) {
    return words(values.getOrDefault(name, standard)).stream()
        .map(
            word -> {
              T value = known.get(word);
              if (value == null) {
                throw none(
                    name, word, String.join(", ", known.keySet().stream().sorted().toList()));
              }
              return value;
            })
        .toList();
  }

  private static List<Integer> threads(String value) {
    for (String word : words(value)) {
      if (!word.matches("[1-9][0-9]?")) {
        throw none("--threads", word, "numbers from 1");
      }
    }
    return words(value).stream().map(Integer::valueOf).toList();
  }

  private static long nanos(String value) {
    if (!value.matches("[0-9]{1,4}([.][0-9]{1,9})?")) {
      throw none("--seconds", value, "numbers from 0 to 9999");
    }
    return Math.round(Double.parseDouble(value) * 1e9);
  }

  private static List<String> words(String value) {
    return List.of(value.toLowerCase(Locale.ROOT).split(","));
  }

  private static IllegalArgumentException none(String name, String word, String expected) {
    return new IllegalArgumentException(name + ": \"" + word + "\" is none of: " + expected);
  }

  /** Bytes of the largest tensor in float32. */
  long largest() {
    return (quick ? 64L : 256L) << 20;
  }

  /**
   * What is measured of a list, cut to size.
   *
   * @throws IllegalArgumentException if no list has the one shape that was asked for
   */
  List<Planes> shapes(WorkList list) {
    if (lists.stream().noneMatch(l -> l.shapes().stream().anyMatch(this::isWanted))) {
      throw new IllegalArgumentException("no shape \"" + only + "\" in the lists " + lists);
    }
    return list.shapes().stream()
        .filter(this::isWanted)
        .map(shape -> shape.within(largest()))
        .toList();
  }

  private boolean isWanted(Planes shape) {
    return only.isEmpty() || shape.toString().equals(only);
  }

  /** The orders in memory to measure a list in. */
  List<Layout> layouts(WorkList list) {
    return list == WorkList.NC ? List.of(Layout.CHANNELS_FIRST) : layouts;
  }

  /** Whether a problem is to be measured. */
  boolean wants(WorkList list, Problem problem, long lastCache) {
    if (problem.operation().isTraining() && problem.shape().perChannel() == 1) {
      return false; // one value has no variance: libtorch and ours refuse it
    }
    boolean plainTraining =
        problem.operation() == Operation.FORWARD || problem.operation() == Operation.BACKWARD;
    if (problem.storage() == DType.BFLOAT16) {
      boolean plain = plainTraining || problem.operation() == Operation.INFERENCE;
      return plain && list != WorkList.NC && 2 * problem.bytes() > lastCache;
    }
    return switch (list) {
      case NC -> plainTraining;
      case RAGGED -> !quick || (plainTraining && problem.layout() == Layout.CHANNELS_LAST);
      default -> true;
    };
  }

  /** Whether a peer takes part in a problem: the short list has no time for scalar everywhere. */
  boolean admits(Peer peer, Problem problem) {
    boolean plainTraining =
        problem.operation() == Operation.FORWARD || problem.operation() == Operation.BACKWARD;
    boolean ours = peer.name().equals("scalar") || peer.name().equals("arraycopy");
    return !quick || !ours || (plainTraining && problem.storage() == DType.FLOAT32);
  }

  /** Whether a peer was not excluded. */
  boolean admits(Peer peer) {
    String name = peer.name().replace(" ", "").toLowerCase(Locale.ROOT);
    return !PEERS.contains(name) || peers.contains(name);
  }
}
