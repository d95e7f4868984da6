package org.batchnorm4j.training;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.batchnorm4j.io.Disk;
import org.batchnorm4j.io.FormatException;
import org.batchnorm4j.io.safetensors.SafetensorsFile;
import org.batchnorm4j.io.safetensors.SafetensorsWriter;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.tensor.Tensor;

/**
 * The whole state of a run between two steps: from it training goes on to the same bits as if
 * nothing had happened.
 *
 * <p>In a safetensors file the model's tensors have their names in the model ({@code conv1.weight},
 * {@code bn1.running_mean}), those of the optimiser begin with {@code optimizer.}, and everything
 * else is metadata. It holds no time and nothing of the machine, so equal runs give equal bytes.
 *
 * <p>The tensors are those of the model and the optimiser where a run makes one, and new ones where
 * a file is read. Safe for use by several threads as long as nobody trains.
 *
 * @param labels what the caller wants to find again, such as the name of the model; at most 64 KiB
 *     in all
 * @param options how the run trains
 * @param data what it trains on
 * @param position how far it has come
 * @param metrics one row for each finished epoch, without times
 * @param model parameters and buffers by name
 * @param optimizer state of the optimiser by name
 */
public record Checkpoint(
    Map<String, String> labels,
    TrainingOptions options,
    DataFacts data,
    Position position,
    List<EpochMetrics> metrics,
    Map<String, Tensor> model,
    Map<String, Tensor> optimizer) {
  private static final String VERSION = "batchnorm4j.checkpoint";
  private static final String CURRENT = "1";
  private static final String OPTIMIZER = "optimizer.";
  private static final String OPTION = "option.";
  private static final String LABEL = "label.";
  private static final String POSITION = "position.";
  private static final String METRICS = "metrics";
  private static final int MOST_NAMES = 5;

  /** Copies labels and metrics. */
  public Checkpoint {
    labels = Map.copyOf(labels);
    metrics = List.copyOf(metrics);
  }

  /**
   * Writes the checkpoint, whole or not at all.
   *
   * @throws IOException if a step fails; what was there before is then unchanged
   */
  public void write(Path file, Disk disk) throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>(model);
    optimizer.forEach((name, tensor) -> tensors.put(OPTIMIZER + name, tensor));
    SafetensorsWriter.write(file, disk, tensors, metadata());
  }

  private Map<String, String> metadata() {
    Map<String, String> texts = new TreeMap<>();
    texts.put(VERSION, CURRENT);
    labels.forEach((name, text) -> texts.put(LABEL + name, text));
    options.toMap().forEach((name, text) -> texts.put(OPTION + name, text));
    data.putTo(texts);
    position.toMap().forEach((name, text) -> texts.put(POSITION + name, text));
    texts.put(METRICS, MetricsText.exact(metrics));
    return texts;
  }

  /**
   * Reads a checkpoint.
   *
   * @throws FormatException if the file is no safetensors file, or not one that {@link #write}
   *     wrote
   */
  public static Checkpoint read(Path file) throws IOException {
    try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
      MetadataReader metadata = new MetadataReader(tensors.metadata());
      String version = metadata.texts().get(VERSION);
      if (version == null) {
        throw new FormatException(
            file, "these are tensors, but no checkpoint: metadata \"" + VERSION + "\" is missing");
      }
      if (!version.equals(CURRENT)) {
        throw new FormatException(
            file,
            "metadata \""
                + VERSION
                + "\" is "
                + FormatException.quote(version)
                + ", expected \""
                + CURRENT
                + "\"; was it written by a newer batchnorm4j?");
      }
      try {
        return read(metadata, tensors.readAll());
      } catch (NoSuchElementException | IllegalArgumentException e) {
        throw new FormatException(file, "the checkpoint is damaged: " + e.getMessage(), e);
      }
    }
  }

  private static Checkpoint read(MetadataReader metadata, Map<String, Tensor> tensors) {
    Map<String, Tensor> model = new LinkedHashMap<>();
    Map<String, Tensor> optimizer = new LinkedHashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          if (name.startsWith(OPTIMIZER)) {
            optimizer.put(name.substring(OPTIMIZER.length()), tensor);
          } else {
            model.put(name, tensor);
          }
        });
    return new Checkpoint(
        withPrefix(metadata.texts(), LABEL),
        TrainingOptions.read(metadata.under(OPTION)),
        DataFacts.from(metadata),
        Position.from(metadata.under(POSITION)),
        metadata.accepted(METRICS, () -> MetricsText.parseExact(metadata.text(METRICS))),
        model,
        optimizer);
  }

  /**
   * Copies parameters and buffers into a model.
   *
   * @throws IllegalArgumentException if a name is missing or not the model's, or a shape differs;
   *     the message has five names at most, and the model is unchanged
   */
  public void loadInto(Module target) {
    Set<String> own = target.stateDict().keySet();
    List<String> missing = own.stream().filter(name -> !model.containsKey(name)).toList();
    List<String> foreign =
        model.keySet().stream().filter(name -> !own.contains(name)).sorted().toList();
    if (!missing.isEmpty() || !foreign.isEmpty()) {
      throw new IllegalArgumentException(
          "its tensors are not those of the model: "
              + (missing.isEmpty() ? "" : "missing " + some(missing))
              + (missing.isEmpty() || foreign.isEmpty() ? "" : "; ")
              + (foreign.isEmpty() ? "" : "unexpected " + some(foreign)));
    }
    target.loadStateDict(model, true);
  }

  /** The first names, quoted and cut, and how many more there are. */
  private static String some(List<String> names) {
    String first =
        names.stream()
            .limit(MOST_NAMES)
            .map(FormatException::quote)
            .collect(Collectors.joining(", "));
    return names.size() <= MOST_NAMES
        ? first
        : first + " and " + (names.size() - MOST_NAMES) + " more";
  }

  private static Map<String, String> withPrefix(Map<String, String> texts, String prefix) {
    Map<String, String> found = new LinkedHashMap<>();
    texts.forEach(
        (name, text) -> {
          if (name.startsWith(prefix)) {
            found.put(name.substring(prefix.length()), text);
          }
        });
    return found;
  }
}
