package org.batchnorm4j.benchmarks.comparison;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.batchnorm4j.benchmarks.comparison.Comparison.Rounds;
import org.batchnorm4j.kernel.KernelPreference;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;

/** {@code batchnorm4j-bench}; the launcher of that name calls it. Thread safety: none. */
public final class PeersCommand {
  /** Measured first and forgotten, so that the JVM has compiled before the first shape. */
  private static final Planes WARM_UP = new Planes(16, 128, 28, 28);

  private final PeersRequest request;
  private final int[] threads;
  private final List<String> facts = new ArrayList<>();
  private final List<String> wrong = new ArrayList<>();

  private PeersCommand(PeersRequest request) {
    this.request = request;
    threads = request.threads().stream().mapToInt(n -> n).toArray();
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
      System.err.println("batchnorm4j-bench: " + e.getMessage());
      System.err.print(PeersRequest.USAGE);
      System.exit(2);
    } catch (IOException e) {
      System.err.println("batchnorm4j-bench: results cannot be written: " + e);
      System.exit(1);
    }
  }

  private int run() throws IOException {
    request.lists().forEach(request::shapes); // a shape that is in none is said before all else
    Machine.facts().forEach(this::fact);
    List<Peer> peers = peers();
    long seconds = System.nanoTime();
    compile(peers);
    fact(HugePages.now());
    Comparison comparison = comparison(peers, request.budget(), 5);
    List<Result> results = new ArrayList<>();
    for (WorkList list : request.lists()) {
      for (Planes shape : request.shapes(list)) {
        sayIfCut(list, shape);
        for (Layout layout : request.layouts(list)) {
          measure(list, shape, layout, comparison, results::add);
        }
      }
    }
    fact(
        String.format(
            Locale.ROOT,
            "%d problems in %d s; load at the end %.2f",
            results.size(),
            TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - seconds),
            Machine.load()));
    facts.addAll(wrong);
    Report report = new Report(facts, results, threads, Machine.lastCache());
    report.missed().forEach(System.out::println);
    report.write(request.out());
    System.out.println(
        "written: " + request.out().resolve("peers.md") + ", peers.csv and peers.svg");
    return wrong.isEmpty() ? 0 : 1;
  }

  private void fact(String line) {
    facts.add(line);
    System.out.println(line);
  }

  private void wrong(String line) {
    wrong.add(line);
    System.out.println(line);
  }

  private List<Peer> peers() {
    List<Peer> all = new ArrayList<>();
    all.add(new Ours(KernelPreference.SIMD));
    all.add(new Ours(KernelPreference.SCALAR));
    all.add(Ours.widened());
    all.add(new Roof(true));
    all.add(new Roof(false));
    all.add(new Passes());
    ServiceLoader.load(Peer.class).forEach(all::add);
    List<Peer> taking = new ArrayList<>();
    for (Peer peer : all) {
      if (!request.admits(peer)) {
        continue;
      }
      String why = peer.missing().orElse("");
      if (why.isEmpty()) {
        fact(peer.name() + ": " + String.join("; ", peer.facts()));
        taking.add(peer);
      } else {
        fact(peer.name() + " is missing: " + why);
      }
    }
    return taking;
  }

  /** Runs ours alone on one shape. */
  private void compile(List<Peer> peers) {
    List<Peer> compiled =
        peers.stream().filter(p -> p instanceof Ours || p instanceof Ceiling).toList();
    Comparison comparison = comparison(compiled, 1, 1);
    for (Layout layout : request.layouts()) {
      measure(WorkList.TOPOLOGIES_SMALL, WARM_UP, layout, comparison, _ -> {});
    }
  }

  /** With no time at all there is one round. */
  private Comparison comparison(List<Peer> peers, long budget, int leastRounds) {
    boolean timed = request.budget() > 0;
    Rounds rounds = new Rounds(request.threads(), timed ? budget : 0, timed ? leastRounds : 1);
    return new Comparison(peers, request::admits, rounds, Timing.ofThisJvm(), this::wrong);
  }

  private void sayIfCut(WorkList list, Planes shape) {
    for (Planes whole : list.shapes()) {
      if (!whole.equals(shape) && whole.within(request.largest()).equals(shape)) {
        fact("cut to " + (request.largest() >> 20) + " MiB: " + whole + " to " + shape);
      }
    }
  }

  private void measure(
      WorkList list, Planes shape, Layout layout, Comparison comparison, Consumer<Result> results) {
    Problem first = Problem.of(shape, layout, Operation.FORWARD);
    for (DType type : request.types()) {
      Problem numbers = type == DType.BFLOAT16 ? first.inBfloat16() : first;
      for (Operation operation : request.operations()) {
        Problem problem = numbers.with(operation);
        if (request.wants(list, problem, Machine.lastCache())) {
          comparison
              .compare(list.label(), problem)
              .ifPresent(
                  result -> {
                    results.accept(result);
                    System.out.println(progress(problem, result));
                  });
        }
      }
    }
  }

  private String progress(Problem problem, Result result) {
    StringBuilder line = new StringBuilder(problem.toString());
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
