package org.batchnorm4j.benchmarks.comparison;

import java.io.IOException;
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
  /** Measured first and forgotten, so that the JVM has compiled before the first shape. */
  private static final Planes WARM_UP = new Planes(16, 128, 28, 28);

  private final PeersRequest request;

  private PeersCommand(PeersRequest request) {
    this.request = request;
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
      System.out.print(PeersRequest.USAGE);
      return;
    }
    try {
      System.exit(new PeersCommand(PeersRequest.parsed(list)).run());
    } catch (IllegalArgumentException e) {
      System.err.print(
          "batchnorm4j-bench: " + e.getMessage() + System.lineSeparator() + PeersRequest.USAGE);
      System.exit(2);
    } catch (IOException e) {
      System.err.println("batchnorm4j-bench: results cannot be written: " + e);
      System.exit(1);
    }
  }

  private int run() throws IOException {
    List<Planes> shapes = request.shapes();
    int[] threads = request.threads().stream().mapToInt(n -> n).toArray();
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
    long budget = TimeUnit.MILLISECONDS.toNanos(request.quick() ? 3_500 : 9_000);
    measure(List.of(WARM_UP), new Comparison(peers, threads, budget / 5, 1, said));
    facts.add(HugePages.now());
    System.out.println(facts.getLast());
    Comparison comparison = new Comparison(peers, threads, budget, 5, said);
    List<Result> results = measure(shapes, comparison);
    facts.addAll(wrong);
    Report report = new Report(facts, results, threads, Machine.lastCache());
    report.missed().forEach(System.out::println);
    report.write(request.out());
    System.out.println("written: " + request.out().resolve("peers.md") + " and peers.csv");
    return wrong.isEmpty() ? 0 : 1;
  }

  private List<Result> measure(List<Planes> shapes, Comparison comparison) {
    List<Result> results = new ArrayList<>();
    for (Planes shape : shapes) {
      for (Layout layout : request.layouts()) {
        Problem problem = Problem.of(shape, layout, Direction.FORWARD);
        for (Direction direction : request.directions()) {
          results.add(comparison.compare(problem.with(direction)));
          System.out.println(progress(results.getLast()));
        }
      }
    }
    return results;
  }

  private String progress(Result result) {
    StringBuilder line = new StringBuilder();
    line.append(result.shape()).append(' ').append(result.layout()).append(' ');
    line.append(result.direction().lower());
    for (int n : request.threads()) {
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
