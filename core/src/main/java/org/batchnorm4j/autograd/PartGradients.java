package org.batchnorm4j.autograd;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The gradients of a batch whose parts were normalised one by one. */
final class PartGradients implements NormalizationGradients {
  private final List<BatchNormalizationGradients> parts;
  private final Tensor y;
  private final BatchStatistics statistics;

  private @Nullable Tensor cut;
  private List<Tensor> pieces = List.of();

  PartGradients(List<BatchNormalizationGradients> parts, Tensor y, BatchStatistics statistics) {
    this.parts = parts;
    this.y = y;
    this.statistics = statistics;
  }

  @Override
  public Tensor output() {
    return y;
  }

  /** The same tensors for one g, since the parts know their sums by them. */
  private List<Tensor> pieces(Tensor g, Pass pass) {
    if (cut != g) {
      List<Tensor> found = new ArrayList<>();
      for (int i = 0; i < parts.size(); i++) {
        found.add(Shaping.range(g, statistics.from(i), statistics.to(i), pass));
      }
      pieces = found;
      cut = g;
    }
    return pieces;
  }

  private Tensor joined(
      Tensor g, Pass pass, BiFunction<BatchNormalizationGradients, Tensor, Tensor> gradient) {
    List<Tensor> own = pieces(g, pass);
    List<Tensor> results = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      results.add(gradient.apply(parts.get(i), own.get(i)));
    }
    return Shaping.concatenate(results, pass);
  }

  /** Where nothing is recorded, each part's gradient gives its memory to the next one. */
  @Override
  public Tensor input(Tensor g, Pass pass) {
    if (pass.isRecording()) {
      return joined(g, pass, (part, piece) -> part.input(piece, pass));
    }
    List<Tensor> own = pieces(g, pass);
    @Nullable Tensor whole = null;
    for (int i = 0; i < parts.size(); i++) {
      Passing passing = Passing.of(pass);
      Tensor gradient = parts.get(i).input(own.get(i), pass);
      if (whole == null) {
        whole = pass.backend().memory().allocate(gradient.dtype(), y.shape(), gradient.layout());
      }
      whole.range(statistics.from(i), statistics.to(i)).copyFrom(gradient);
      passing.add(gradient);
      passing.release(List.of());
    }
    return Objects.requireNonNull(whole); // there is a part at least
  }

  @Override
  public Tensor active(Tensor g, Pass pass) {
    return joined(g, pass, (part, piece) -> part.active(piece, pass));
  }

  @Override
  public Tensor weight(DType dtype, Tensor g, Pass pass) {
    return pass.isRecording()
        ? added(g, pass, (part, piece) -> part.weight(dtype, piece, pass))
        : summed(dtype, g, pass, (part, piece) -> part.weightSums(piece, pass));
  }

  @Override
  public Tensor bias(DType dtype, Tensor g, Pass pass) {
    return pass.isRecording()
        ? added(g, pass, (part, piece) -> part.bias(dtype, piece, pass))
        : summed(dtype, g, pass, (part, piece) -> part.biasSums(piece, pass));
  }

  private Tensor added(
      Tensor g, Pass pass, BiFunction<BatchNormalizationGradients, Tensor, Tensor> gradient) {
    List<Tensor> own = pieces(g, pass);
    Tensor total = gradient.apply(parts.getFirst(), own.getFirst());
    for (int i = 1; i < parts.size(); i++) {
      total = pass.add(total, gradient.apply(parts.get(i), own.get(i)));
    }
    return total;
  }

  /** In float64 and in the order of the parts, rounded once. */
  private Tensor summed(
      DType dtype,
      Tensor g,
      Pass pass,
      BiFunction<BatchNormalizationGradients, Tensor, double[]> sums) {
    List<Tensor> own = pieces(g, pass);
    double[] total = sums.apply(parts.getFirst(), own.getFirst());
    for (int i = 1; i < parts.size(); i++) {
      double[] added = sums.apply(parts.get(i), own.get(i));
      for (int c = 0; c < total.length; c++) {
        total[c] += added[c];
      }
    }
    return BatchNormalizationGradients.perChannel(total, null, dtype, pass);
  }
}
