package org.batchnorm4j.cli;

import java.util.List;

/** The program as a process of its own, on a {@link FaultyDisk}. */
public final class ChildMain {
  private ChildMain() {}

  /** The first argument is the fault, the others are those of the program. */
  public static void main(String[] args) {
    Surroundings surroundings =
        new Surroundings(
            System.out,
            System.err,
            false,
            new FaultyDisk(System.out, args[0]),
            ProcessSignals::listen);
    List<String> rest = List.of(args).subList(1, args.length);
    System.exit(Main.run(surroundings, rest.toArray(String[]::new)));
  }
}
