package org.batchnorm4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.batchnorm4j.cli.line.Definition;
import org.batchnorm4j.cli.line.Given;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** The command {@code train}: what can be written behind it. Used from one thread. */
final class TrainCommand implements Callable<Integer> {
  /** What can be written behind it. */
  static CommandSpec spec() {
    CommandSpec command =
        Definition.command(
                "batchnorm4j train",
                "Trains a network and says how well it reads pictures it has not seen.",
                "Without options: the network of labml's MNIST experiment on the embedded digits.")
            .addOption(
                Definition.text(
                    "--data",
                    "DATA",
                    "digits (embedded; default), mnist:DIR, fashion-mnist:DIR (IDX files, plain or .gz) or"
                        + " cifar10:DIR (binary)."))
            .addOption(
                Definition.whole(
                    "--holdout",
                    "N",
                    "Where only t10k files are there: keep the last N pictures for testing."))
            .addOption(
                Definition.text(
                    "--model", "MODEL", "labml-mnist (default), labml-cifar10, mlp or resnet."))
            .addOption(
                Definition.text(
                    "--norm",
                    "NORM",
                    "batch (default), layer, group, instance, rms, local-response, renorm, ws+group,"
                        + " batch-channel, ws+batch-channel, whitening, iterative-whitening or none."))
            .addOption(
                Definition.whole("--epochs", "N", "Passes over the training pictures (default 5)."))
            .addOption(Definition.whole("--batch-size", "N", "Pictures per step (default 64)."))
            .addOption(
                Definition.text(
                    "--optimizer",
                    "NAME",
                    "adam (default), adamw or sgd (with Nesterov momentum 0.9)."))
            .addOption(
                Definition.value(
                    Double.class,
                    "--lr",
                    "RATE",
                    "Largest learning rate (default 0.001; sgd 0.05)."))
            .addOption(
                Definition.value(
                    Double.class,
                    "--weight-decay",
                    "W",
                    "Pull of the weights to 0 (default 0; adamw 0.01, sgd 0.0005)."))
            .addOption(
                Definition.text(
                    "--schedule",
                    "NAME",
                    "cosine (default: down to 0 over the run), constant (the one that more epochs can be"
                        + " added to with --resume), step (a tenth after each third of the run) or onecycle."))
            .addOption(
                Definition.whole(
                    "--crop",
                    "N",
                    "Shift training pictures by up to N pixels each way at random (default 0)."))
            .addOption(Definition.flag("--flip", "Mirror training pictures at random."))
            .addOption(
                Definition.value(
                    Long.class,
                    "--seed",
                    "N",
                    "Of first weights, order and augmentation (default 1)."))
            .addOption(
                Definition.whole(
                    "--replicas",
                    "N",
                    "Spread each batch over N replicas that normalise it as one (default 1). Results depend"
                        + " on N in roundings."))
            .addOption(
                Definition.whole(
                    "--micro-batches",
                    "N",
                    "Compute each batch in N parts one after the other that are normalised as one (default"
                        + " 1): the memory of one part, more time. The same bits as with N replicas."))
            .addOption(
                Definition.whole(
                    "--ghost",
                    "N",
                    "Normalise ghost batches of N pictures, parts of each batch, on their own (default 0:"
                        + " the whole batch)."))
            .addOption(
                Definition.whole(
                    "--threads",
                    "N",
                    "Threads (default: all processors). Results do not depend on it."))
            .addOption(
                Definition.text(
                    "--kernels",
                    "KIND",
                    "auto (default), scalar or simd. Results do not depend on it."))
            .addOption(
                Definition.flag(
                    "--deterministic",
                    "The same bits on any machine, not only on this one: matrix multiplication in plain Java,"
                        + " which is slower."))
            .addOption(
                Definition.whole(
                    "--checkpoint-every",
                    "N",
                    "Save every N steps too, not only at the end of each epoch (default: 0, which is never)."))
            .addOption(
                Definition.value(
                    Path.class,
                    "--out",
                    "DIR",
                    "Where checkpoint.safetensors, metrics.csv and summary.json go (default"
                        + " runs/<model>-<data>, numbered if it is taken)."))
            .addOption(Definition.flag("--overwrite", "Replace the run that --out holds."))
            .addOption(
                Definition.value(
                    Path.class,
                    "--resume",
                    "CHECKPOINT",
                    "Go on from a checkpoint, in its directory and with its options."))
            .addOption(Definition.flag("--quiet", "Print errors only."))
            .addOption(Definition.verbose())
            .addOption(Definition.help());
    command
        .usageMessage()
        .footer(
            "",
            "Ctrl-C stops after the batch and saves. --resume goes on from there, or from",
            "the last checkpoint of a run that was killed, to the same bits as if nothing",
            "had happened.");
    return command;
  }

  private final Surroundings surroundings;
  private final List<String> arguments;
  final @Nullable String data;
  final @Nullable Integer holdout;
  final @Nullable String model;
  final @Nullable String norm;
  final @Nullable Integer epochs;
  final @Nullable Integer batchSize;
  final @Nullable String optimizer;
  final @Nullable Double learningRate;
  final @Nullable Double weightDecay;
  final @Nullable String schedule;
  final @Nullable Integer crop;
  final boolean flip;
  final @Nullable Long seed;
  final @Nullable Integer replicas;
  final @Nullable Integer microBatches;
  final @Nullable Integer ghost;
  final @Nullable Integer threads;
  final @Nullable String kernels;
  final boolean deterministic;
  final @Nullable Integer checkpointEvery;
  final @Nullable Path out;
  final boolean overwrite;
  final @Nullable Path resume;
  final boolean quiet;

  /**
   * Takes the values of the options.
   *
   * @param arguments all of the command line
   */
  TrainCommand(Surroundings surroundings, Given given, List<String> arguments) {
    this.surroundings = surroundings;
    this.arguments = arguments;
    data = given.text("--data");
    holdout = given.integer("--holdout");
    model = given.text("--model");
    norm = given.text("--norm");
    epochs = given.integer("--epochs");
    batchSize = given.integer("--batch-size");
    optimizer = given.text("--optimizer");
    learningRate = given.real("--lr");
    weightDecay = given.real("--weight-decay");
    schedule = given.text("--schedule");
    crop = given.integer("--crop");
    flip = given.has("--flip");
    seed = given.longInteger("--seed");
    replicas = given.integer("--replicas");
    microBatches = given.integer("--micro-batches");
    ghost = given.integer("--ghost");
    threads = given.integer("--threads");
    kernels = given.text("--kernels");
    deterministic = given.has("--deterministic");
    checkpointEvery = given.integer("--checkpoint-every");
    out = given.path("--out");
    overwrite = given.has("--overwrite");
    resume = given.path("--resume");
    quiet = given.has("--quiet");
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
