package org.batchnorm4j.benchmarks.comparison;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.Layout;

/** {@code batchnorm4j-bench}; the launcher of that name calls it. Thread safety: none. */
public final class PeersCommand {
  private static final String USAGE =
      """
      Usage: batchnorm4j-bench peers [--quick] [--only SHAPE] [--out DIR]
      Batch norm in training, forward and backward, side by side with libtorch and oneDNN on 1 and 2 threads.
        --quick       topologies_small of benchdnn, tensors of 64 MiB at most: some minutes;
                      without it resnet_50 too, tensors of 256 MiB at most
        --only SHAPE  one shape of the list, such as 50x512x7x7
        --out DIR     where peers.md and peers.csv go (default target/bench)
      """;

  private static final int[] THREADS = {1, 2};

  /** Measured first and forgotten, so that the JVM has compiled before the first shape. */
  private static final Planes WARM_UP = new Planes(16, 128, 28, 28);

  private final boolean quick;
  private final String only;
  private final Path out;

  private PeersCommand(boolean quick, String only, Path out) {
    this.quick = quick;
    this.only = only;
    this.out = out;
  }

  /**
   * Runs the command. Exits with 0, with 1 if results cannot be written or outputs are wrong, with
   * 2 for arguments that are none.
   */
  public static void main(String[] args) {
    if (args.length == 1 && args[0].equals("launch")) {
      System.out.println(System.getProperty("java.home"));
      System.out.println(System.getProperty("java.class.path"));
      return;
    }
    List<String> list = List.of(args);
    if (list.contains("--help") || list.contains("-h")) {
      System.out.print(USAGE);
      return;
    }
    try {
      System.exit(parsed(list).run());
    } catch (IllegalArgumentException e) {
      System.err.print("batchnorm4j-bench: " + e.getMessage() + System.lineSeparator() + USAGE);
      System.exit(2);
    } catch (IOException e) {
      System.err.println("batchnorm4j-bench: results cannot be written: " + e);
      System.exit(1);
    }
  }

  static PeersCommand parsed(List<String> args) {
    if (args.isEmpty() || !args.getFirst().equals("peers")) {
      throw new IllegalArgumentException("the only command is peers");
    }
    boolean quick = false;
    String only = "";
    String out = "target/bench";
    for (int i = 1; i < args.size(); i++) {
      switch (args.get(i)) {
        case "--quick" -> quick = true;
        case "--only" -> only = value(args, ++i);
        case "--out" -> out = value(args, ++i);
        default -> throw new IllegalArgumentException("unknown argument \"" + args.get(i) + "\"");
      }
    }
    return new PeersCommand(quick, only, Path.of(out));
  }

  private static String value(List<String> args, int at) {
    if (at >= args.size()) {
      throw new IllegalArgumentException(args.get(at - 1) + " needs a value");
    }
    return args.get(at);
  }

  /** What is measured: shapes of the list, cut to size. */
  List<Planes> shapes() {
    List<Planes> list = quick ? Planes.topologiesSmall() : Planes.all();
    List<Planes> chosen =
        list.stream()
            .filter(shape -> only.isEmpty() || shape.toString().equals(only))
            .map(shape -> shape.within(quick ? 64L << 20 : 256L << 20))
            .toList();
    if (chosen.isEmpty()) {
      throw new IllegalArgumentException("no shape \"" + only + "\" in the list: " + list);
    }
    return chosen;
  }

  private int run() throws IOException {
    List<Planes> shapes = shapes();
    List<String> facts = new ArrayList<>(Machine.facts());
    List<Peer> peers = new ArrayList<>();
    peers.add(new Ours(KernelPreference.SIMD));
    peers.add(new Ours(KernelPreference.SCALAR));
    peers.add(new Roof(true));
    peers.add(new Roof(false));
    ServiceLoader.load(Peer.class).forEach(peers::add);
    for (Peer peer : List.copyOf(peers)) {
      String why = peer.missing().orElse("");
      if (why.isEmpty()) {
        facts.add(peer.name() + ": " + String.join("; ", peer.facts()));
      } else {
        facts.add(peer.name() + " is missing: " + why);
        peers.remove(peer);
      }
    }
    facts.forEach(System.out::println);
    List<String> wrong = new ArrayList<>();
    Consumer<String> said =
        line -> {
          wrong.add(line);
          System.out.println(line);
        };
    long budget = TimeUnit.MILLISECONDS.toNanos(quick ? 4_500 : 9_000);
    measure(List.of(WARM_UP), new Comparison(peers, THREADS, budget / 5, 1, said));
    Comparison comparison = new Comparison(peers, THREADS, budget, 5, said);
    List<Result> results = measure(shapes, comparison);
    facts.addAll(wrong);
    Report report = new Report(facts, results, THREADS, Machine.lastCache());
    report.missed().forEach(System.out::println);
    report.write(out);
    System.out.println("written: " + out.resolve("peers.md") + " and peers.csv");
    return wrong.isEmpty() ? 0 : 1;
  }

  private static List<Result> measure(List<Planes> shapes, Comparison comparison) {
    List<Result> results = new ArrayList<>();
    for (Planes shape : shapes) {
      for (Layout layout : Layout.values()) {
        Problem problem = Problem.of(shape, layout, Direction.FORWARD);
        for (Direction direction : Direction.values()) {
          results.add(comparison.compare(problem.with(direction)));
          System.out.println(progress(results.getLast()));
        }
      }
    }
    return results;
  }

  private static String progress(Result result) {
    StringBuilder line = new StringBuilder();
    line.append(result.shape()).append(' ').append(result.layout()).append(' ');
    line.append(result.direction().lower());
    for (int n : THREADS) {
      line.append(", ").append(Target.threads(n)).append(':');
      for (Result.Series s : result.series()) {
        if (s.threads() == n) {
          line.append(String.format(Locale.ROOT, " %s %.2f ms", s.name(), s.time().median() / 1e6));
        }
      }
    }
    return line.toString();
  }
}
