package org.batchnorm4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.batchnorm4j.cli.line.Suggestion;
import org.batchnorm4j.io.Disk;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UsageTest {
  private static final List<String> COMMANDS =
      List.of("train", "evaluate", "apply", "diagnose", "recalibrate", "fold");

  @Test
  void everyCommandHasHelpThatFitsATerminal() {
    String program = CommandResult.of("--help").out();
    assertTrue(program.startsWith("Usage: batchnorm4j [-hV] COMMAND\n"), program);
    program.lines().forEach(line -> assertTrue(line.length() <= 80, line));
    for (String command : COMMANDS) {
      CommandResult result = CommandResult.of(command, "--help");
      assertEquals(0, result.exit());
      assertEquals("", result.err());
      assertTrue(result.out().startsWith("Usage: batchnorm4j " + command + " [-h] "), command);
      result.out().lines().forEach(line -> assertTrue(line.length() <= 80, line));
      assertEquals(result, CommandResult.of(command, "-h"), command);
      assertTrue(program.contains("\n  " + command + " "), command);
    }
  }

  @Test
  void helpOfFoldIsThisPage() {
    assertEquals(
        """
        Usage: batchnorm4j fold [-h] [--verbose] [--data=DATA] [--holdout=N]
                                [--kernels=KIND] --out=FILE [--threads=N] CHECKPOINT
        Folds the batch norms of a checkpoint into the layers before them, for
        inference: the new checkpoint has norm none and gives the same answers.
              CHECKPOINT       A checkpoint.safetensors, or the directory of a run.
              --out=FILE       Where the new checkpoint goes; written whole or not at
                                 all.
              --data=DATA      Pictures: digits, mnist:DIR, fashion-mnist:DIR or
                                 cifar10:DIR (default: those of the run).
              --holdout=N      The last N pictures of the t10k files are for testing
                                 (default: as in the run if the data are the same, else
                                 all).
              --threads=N      Threads (default: all processors).
              --kernels=KIND   auto (default), scalar or simd.
              --verbose        Print the stack behind an error.
          -h, --help           Show this help.
        """,
        CommandResult.of("fold", "--help").out());
  }

  @Test
  void helpWinsOverWordsThatAreWrongAndOverVersions() {
    assertEquals(
        CommandResult.of("train", "--help"), CommandResult.of("train", "x", "--nope", "-h"));
    assertEquals(
        CommandResult.of("train", "--help"), CommandResult.of("train", "--epochs", "x", "-h"));
    for (String line : List.of("-hV", "-Vh", "--version --help", "-h train", "-h trian")) {
      assertEquals(CommandResult.of("--help"), CommandResult.of(line.split(" ")), line);
    }
  }

  @Test
  void withoutCommandTheHelpIsShown() {
    assertEquals(CommandResult.of("--help"), CommandResult.of());
  }

  @Test
  void helpOfTrainNamesEveryOption() {
    String help = CommandResult.of("train", "--help").out();
    for (String option :
        List.of(
            "--data",
            "--holdout",
            "--model",
            "--norm",
            "--epochs",
            "--batch-size",
            "--lr",
            "--optimizer",
            "--schedule",
            "--seed",
            "--replicas",
            "--micro-batches",
            "--ghost",
            "--threads",
            "--kernels",
            "--checkpoint-every",
            "--out",
            "--resume",
            "--quiet",
            "--crop",
            "--flip")) {
      assertTrue(help.contains("      " + option), option);
    }
  }

  @Test
  void versionNamesWhatComputes() {
    CommandResult result = CommandResult.of("--version");
    assertEquals(0, result.exit());
    List<String> lines = result.out().lines().toList();
    assertTrue(lines.get(0).startsWith("batchnorm4j "), result.out());
    assertTrue(lines.get(1).startsWith("JDK      " + Runtime.version()), result.out());
    assertTrue(lines.get(2).startsWith("kernels  "), result.out());
    assertTrue(lines.get(3).startsWith("products OpenBLAS"), result.out());
    assertEquals("threads  " + Runtime.getRuntime().availableProcessors(), lines.get(4));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train --epoch 3      | there is no option \"--epoch\" (did you mean --epochs?)",
        "train --bach-size=8  | there is no option \"--bach-size\" (did you mean --batch-size?)",
        "train --optimiser x  | there is no option \"--optimiser\" (did you mean --optimizer?)",
        "train --xyzzy        | there is no option \"--xyzzy\"",
        "trian                | there is no command \"trian\" (did you mean train?)",
        "fly                  | there is no command \"fly\"",
        "train fast           | \"fast\" is one argument too many",
        "train --epochs many  | --epochs is \"many\", expected a whole number such as 8",
        "train --epochs 1e9   | --epochs is \"1e9\", expected a whole number such as 8",
        "train --epochs 9999999999 | --epochs is \"9999999999\", expected at most 2147483647",
        "train --lr fast      | --lr is \"fast\", expected a number such as 0.001",
        "train --seed 1.5     | --seed is \"1.5\", expected a whole number such as 8",
        "train --flip=yes     | --flip is \"yes\", expected no value",
        "train --epochs       | --epochs needs a value, N",
        "train --epochs 1 --epochs 2 | --epochs is given twice",
        "train --batch-size 1 | --batch-size 1 leaves batch norm one picture to take mean and"
            + " variance from; choose --batch-size 2 or more, or --norm none",
        "train --learning-rate 1 | there is no option \"--learning-rate\" (did you mean --lr?)",
        "train --output x     | there is no option \"--output\" (did you mean --out?)",
        "train --dataset=x    | there is no option \"--dataset\" (did you mean --data?)",
        "train --batch 3      | there is no option \"--batch\" (did you mean --batch-size?)",
        "train --scheduler x  | there is no option \"--scheduler\" (did you mean --schedule?)",
        "train -e 3           | there is no option \"-e\" (did you mean --epochs?)",
        "evaluate x --dataset y | there is no option \"--dataset\" (did you mean --data?)",
        "evaluate x --learning-rate 1 | there is no option \"--learning-rate\"",
        "train --epochs 0     | epochs must be from 1 to 1000000, got 0",
        "train --batch-size 0 | batch size must be from 1 to 65536, got 0",
        "train --lr -1        | learning rate must be a number above 0, got -1.0",
        "train --lr NaN       | learning rate must be a number above 0, got NaN",
        "train --threads 0    | threads must be from 1 to 1024, got 0",
        "train --replicas 65  | replicas must be from 1 to 64, got 65",
        "train --crop 65      | crop must be from 0 to 64, got 65",
        "train --kernels fast | kernels \"fast\" are unknown; choose auto, scalar or simd",
        "train --norm lair    | there is no norm \"lair\"; choose one of batch, layer, group, instance, rms, local-response, renorm, ws+group, batch-channel, ws+batch-channel, whitening, iterative-whitening, none",
        "train --overwrite    | --overwrite needs --out DIR, the run to replace",
        "evaluate             | CHECKPOINT is missing",
        "evaluate --hepl      | there is no option \"--hepl\" (did you mean --help?)",
        "apply --hepl         | there is no option \"--hepl\" (did you mean --help?)",
        "apply                | ARGUMENT is missing",
        "apply a --threads    | --threads needs a value, N",
        "fold                 | CHECKPOINT is missing",
        "fold x               | --out FILE is missing",
        "fold x y --out z     | \"y\" is one argument too many",
        "recalibrate x --out  | --out needs a value, FILE",
        "recalibrate x --out y --batches z | --batches is \"z\", expected a whole number such as 8",
        "train --epochs --lr 1 | --epochs needs a value, N",
        "train --epochs --lt 1 | --epochs is \"--lt\", expected a whole number such as 8",
        "train --epochs --lt  | --epochs is \"--lt\", expected a whole number such as 8",
        "train --epochs=      | --epochs is \"\", expected a whole number such as 8",
        "train -              | \"-\" is one argument too many",
        "train -- --flip      | \"--flip\" is one argument too many",
        "train fast --hepl    | there is no option \"--hepl\" (did you mean --help?)",
        "evaluate x --threads 0 | threads must be from 1 to 1024, got 0",
        "evaluate x --data y  | unknown data \"y\"; expected digits, mnist:DIR, fashion-mnist:DIR"
            + " or cifar10:DIR"
      })
  void wrongUsageIsOneLineWithTheRemedy(String line, String message) {
    CommandResult result = CommandResult.of(line.strip().split(" "));
    assertEquals(2, result.exit(), result.err());
    String word = line.strip().split(" ", 2)[0];
    String name = COMMANDS.contains(word) ? "batchnorm4j " + word : "batchnorm4j";
    assertEquals(
        name + ": " + message + "; try " + name + " --help" + System.lineSeparator(), result.err());
    assertEquals("", result.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"train --resume nowhere.safetensors", "evaluate nowhere.safetensors"})
  void missingFilesAreFailuresOfOneLine(String line) {
    CommandResult result = CommandResult.of(line.split(" "));
    assertEquals(1, result.exit());
    assertEquals(
        "batchnorm4j "
            + line.split(" ", 2)[0]
            + ": nowhere.safetensors: there is no such file or directory"
            + System.lineSeparator(),
        result.err());
  }

  @Test
  void outputThatIsLostIsAFailureOfOneLine() {
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    for (String line : List.of("--help", "--version", "train --help")) {
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      Surroundings surroundings =
          new Surroundings(
              new PrintStream(full, false, StandardCharsets.UTF_8),
              new PrintStream(err, true, StandardCharsets.UTF_8),
              false,
              Disk.system(),
              ProcessSignals::listen);
      assertEquals(1, Main.run(surroundings, line.split(" ")), line);
      assertEquals(
          "batchnorm4j: standard output took not all of what was printed: it is full or closed;"
              + " files of a run are not touched by that"
              + System.lineSeparator(),
          err.toString(StandardCharsets.UTF_8));
    }
  }

  @Test
  void stackIsPrintedOnlyWhenAskedFor() {
    CommandResult result = CommandResult.of("evaluate", "nowhere.safetensors", "--verbose");
    assertEquals(1, result.exit());
    assertTrue(result.err().contains("org.batchnorm4j.cli.EvaluateCommand"), result.err());
  }

  @Test
  void nearestWordIsTheOneWithFewestEdits() {
    List<String> known = List.of("--epochs", "--seed", "--lr", "--out", "--norm");
    assertEquals(" (did you mean --epochs?)", Suggestion.of("--ephocs", known));
    assertEquals(" (did you mean --epochs?)", Suggestion.of("-epochs", known));
    assertEquals(" (did you mean --seed?)", Suggestion.of("--sed", known));
    assertEquals(" (did you mean --lr?)", Suggestion.of("--lt", known));
    assertEquals(" (did you mean --norm?)", Suggestion.of("--NORM", known));
    assertEquals("", Suggestion.of("--learning", known));
  }

  @Test
  void shellWordsAreQuotedWhereNeedBe() {
    assertEquals(
        "train --out 'my runs/it'\\''s' --data mnist:/data",
        ShellWords.join(List.of("train", "--out", "my runs/it's", "--data", "mnist:/data")));
    assertEquals("''", ShellWords.quote(""));
  }
}
