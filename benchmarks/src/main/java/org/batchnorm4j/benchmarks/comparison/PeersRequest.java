package org.batchnorm4j.benchmarks.comparison;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.batchnorm4j.tensor.Layout;

/**
 * What {@code batchnorm4j-bench peers} was asked for.
 *
 * @param quick whether the short list
 * @param only the one shape, or empty
 * @param directions which halves of a step
 * @param layouts which orders in memory
 * @param threads which numbers of threads
 * @param out folder of the results
 */
record PeersRequest(
    boolean quick,
    String only,
    List<Direction> directions,
    List<Layout> layouts,
    List<Integer> threads,
    Path out) {

  static final String USAGE =
      """
      Usage: batchnorm4j-bench peers [--quick] [--only SHAPE] [--ops LIST] [--layout LIST] [--threads LIST] [--out DIR]
      Batch norm in training, forward and backward, side by side with libtorch and oneDNN.
        --quick         topologies_small of benchdnn, tensors of 64 MiB at most: some minutes;
                        without it resnet_50 too, tensors of 256 MiB at most
        --only SHAPE    one shape of the list, such as 50x512x7x7
        --ops LIST      of forward, backward (default both), with commas between
        --layout LIST   of nchw, nhwc (default both)
        --threads LIST  such as 1 (default 1,2)
        --out DIR       where peers.md and peers.csv go (default target/bench)
      """;

  /** Everything, as the page of results has it. */
  private static PeersRequest all() {
    return new PeersRequest(
        false,
        "",
        List.of(Direction.values()),
        List.of(Layout.values()),
        List.of(1, 2),
        Path.of("target/bench"));
  }

  /**
   * @throws IllegalArgumentException for arguments that are none
   */
  static PeersRequest parsed(List<String> args) {
    if (args.isEmpty() || !args.getFirst().equals("peers")) {
      throw new IllegalArgumentException("the only command is peers");
    }
    PeersRequest r = all();
    for (int i = 1; i < args.size(); i++) {
      String name = args.get(i);
      if (name.equals("--quick")) {
        r = new PeersRequest(true, r.only, r.directions, r.layouts, r.threads, r.out);
        continue;
      }
      if (!List.of("--only", "--ops", "--layout", "--threads", "--out").contains(name)) {
        throw new IllegalArgumentException("unknown argument \"" + name + "\"");
      }
      if (++i >= args.size()) {
        throw new IllegalArgumentException(name + " needs a value");
      }
      String value = args.get(i);
      r =
          switch (name) {
            case "--only" ->
                new PeersRequest(r.quick, value, r.directions, r.layouts, r.threads, r.out);
            case "--ops" ->
                new PeersRequest(r.quick, r.only, directions(value), r.layouts, r.threads, r.out);
            case "--layout" ->
                new PeersRequest(r.quick, r.only, r.directions, layouts(value), r.threads, r.out);
            case "--threads" ->
                new PeersRequest(r.quick, r.only, r.directions, r.layouts, threads(value), r.out);
            default ->
                new PeersRequest(
                    r.quick, r.only, r.directions, r.layouts, r.threads, Path.of(value));
          };
    }
    return r;
  }

  private static List<Direction> directions(String value) {
    List<Direction> chosen = new ArrayList<>();
    for (String word : words(value)) {
      chosen.add(
          Arrays.stream(Direction.values())
              .filter(d -> d.lower().equals(word))
              .findFirst()
              .orElseThrow(() -> none("--ops", word, "forward, backward")));
    }
    return chosen;
  }

  private static List<Layout> layouts(String value) {
    List<Layout> chosen = new ArrayList<>();
    for (String word : words(value)) {
      chosen.add(
          switch (word) {
            case "nchw" -> Layout.CHANNELS_FIRST;
            case "nhwc" -> Layout.CHANNELS_LAST;
            default -> throw none("--layout", word, "nchw, nhwc");
          });
    }
    return chosen;
  }

  private static List<Integer> threads(String value) {
    List<Integer> chosen = new ArrayList<>();
    for (String word : words(value)) {
      if (!word.matches("[1-9][0-9]?")) {
        throw none("--threads", word, "a number from 1");
      }
      chosen.add(Integer.valueOf(word));
    }
    return chosen;
  }

  private static List<String> words(String value) {
    return List.of(value.toLowerCase(Locale.ROOT).split(","));
  }

  private static IllegalArgumentException none(String name, String word, String expected) {
    return new IllegalArgumentException(name + ": \"" + word + "\" is none of: " + expected);
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
}
