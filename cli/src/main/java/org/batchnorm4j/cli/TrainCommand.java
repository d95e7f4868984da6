package org.batchnorm4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command {@code train}: what can be written behind it. Used from one thread. */
@Command(
    name = "train",
    description = {
      "Trains a network and says how well it reads pictures it has not seen.",
      "Without options: the network of labml's MNIST experiment on the embedded digits."
    },
    sortOptions = false,
    showDefaultValues = false,
    footer = {
      "",
      "Ctrl-C stops after the batch and saves. --resume goes on from there, or from",
      "the last checkpoint of a run that was killed, to the same bits as if nothing",
      "had happened."
    })
final class TrainCommand implements Callable<Integer> {
  private final Surroundings surroundings;
  private final List<String> arguments;

  @Option(
      names = "--data",
      paramLabel = "DATA",
      description =
          "digits (embedded; default), mnist:DIR, fashion-mnist:DIR (IDX files, plain or .gz) or"
              + " cifar10:DIR (binary).")
  @Nullable String data;

  @Option(
      names = "--holdout",
      paramLabel = "N",
      description = "Where only t10k files are there: keep the last N pictures for testing.")
  @Nullable Integer holdout;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "labml-mnist (default), labml-cifar10, mlp or resnet.")
  @Nullable String model;

  @Option(
      names = "--norm",
      paramLabel = "NORM",
      description =
          "batch (default), layer, group, instance, rms, local-response, renorm, ws+group,"
              + " batch-channel, ws+batch-channel, whitening, iterative-whitening or none.")
  @Nullable String norm;

  @Option(
      names = "--epochs",
      paramLabel = "N",
      description = "Passes over the training pictures (default 5).")
  @Nullable Integer epochs;

  @Option(names = "--batch-size", paramLabel = "N", description = "Pictures per step (default 64).")
  @Nullable Integer batchSize;

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      description = "adam (default), adamw or sgd (with Nesterov momentum 0.9).")
  @Nullable String optimizer;

  @Option(
      names = "--lr",
      paramLabel = "RATE",
      description = "Largest learning rate (default 0.001; sgd 0.05).")
  @Nullable Double learningRate;

  @Option(
      names = "--weight-decay",
      paramLabel = "W",
      description = "Pull of the weights to 0 (default 0; adamw 0.01, sgd 0.0005).")
  @Nullable Double weightDecay;

  @Option(
      names = "--schedule",
      paramLabel = "NAME",
      description =
          "cosine (default: down to 0 over the run), constant (the one that more epochs can be"
              + " added to with --resume), step (a tenth after each third of the run) or onecycle.")
  @Nullable String schedule;

  @Option(
      names = "--crop",
      paramLabel = "N",
      description = "Shift training pictures by up to N pixels each way at random (default 0).")
  @Nullable Integer crop;

  @Option(names = "--flip", description = "Mirror training pictures at random.")
  boolean flip;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of first weights, order and augmentation (default 1).")
  @Nullable Long seed;

  @Option(
      names = "--replicas",
      paramLabel = "N",
      description =
          "Spread each batch over N replicas that normalise it as one (default 1). Results depend"
              + " on N in roundings.")
  @Nullable Integer replicas;

  @Option(
      names = "--micro-batches",
      paramLabel = "N",
      description =
          "Compute each batch in N parts one after the other that are normalised as one (default"
              + " 1): the memory of one part, more time. The same bits as with N replicas.")
  @Nullable Integer microBatches;

  @Option(
      names = "--ghost",
      paramLabel = "N",
      description =
          "Normalise ghost batches of N pictures, parts of each batch, on their own (default 0:"
              + " the whole batch).")
  @Nullable Integer ghost;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads (default: all processors). Results do not depend on it.")
  @Nullable Integer threads;

  @Option(
      names = "--kernels",
      paramLabel = "KIND",
      description = "auto (default), scalar or simd. Results do not depend on it.")
  @Nullable String kernels;

  @Option(
      names = "--deterministic",
      description =
          "The same bits on any machine, not only on this one: matrix multiplication in plain Java,"
              + " which is slower.")
  boolean deterministic;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "N",
      description =
          "Save every N steps too, not only at the end of each epoch (default: 0, which is never).")
  @Nullable Integer checkpointEvery;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description =
          "Where checkpoint.safetensors, metrics.csv and summary.json go (default"
              + " runs/<model>-<data>, numbered if it is taken).")
  @Nullable Path out;

  @Option(names = "--overwrite", description = "Replace the run that --out holds.")
  boolean overwrite;

  @Option(
      names = "--resume",
      paramLabel = "CHECKPOINT",
      description = "Go on from a checkpoint, in its directory and with its options.")
  @Nullable Path resume;

  @Option(names = "--quiet", description = "Print errors only.")
  boolean quiet;

  @Option(names = "--verbose", description = "Print the stack behind an error.")
  boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  boolean help;

  TrainCommand(Surroundings surroundings, List<String> arguments) {
    this.surroundings = surroundings;
    this.arguments = arguments;
  }

  /** Options that a checkpoint does not hold, as they were given. */
  List<String> again() {
    List<String> words = new ArrayList<>();
    if (threads != null) {
      words.addAll(List.of("--threads", threads.toString()));
    }
    if (kernels != null) {
      words.addAll(List.of("--kernels", kernels));
    }
    if (deterministic) {
      words.add("--deterministic");
    }
    if (quiet) {
      words.add("--quiet");
    }
    return words;
  }

  @Override
  public Integer call() throws Exception {
    RunChoices choices = new RunChoices(this);
    choices.check();
    if (Stage.onlyChecks()) {
      return Stage.WORK;
    }
    return new TrainingSession(surroundings, this, choices, ShellWords.join(arguments)).run();
  }
}
