package org.batchnorm4j.autograd;

import java.util.ArrayList;
import java.util.List;
import org.batchnorm4j.tensor.ConvolutionGeometry;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.PoolGeometry;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;

/**
 * Every operation forwards and backwards, on sizes that are shared out among threads: what must
 * have the same bits whatever threads and memory it ran on.
 */
final class Workload {
  private Workload() {}

  /** The results, in the memory of the pass; other numbers of the same shapes for other seeds. */
  static List<Tensor> run(Pass pass, int seed) {
    List<Tensor> results = new ArrayList<>();
    for (DType dtype : new DType[] {DType.FLOAT32, DType.FLOAT64}) {
      for (Layout layout : Layout.values()) {
        results.addAll(network(pass.recording(), 100 * seed, dtype, layout));
        results.addAll(elementwise(pass.recording(), 100 * seed, dtype, layout));
      }
    }
    return results;
  }

  private static Tensor sample(int seed, DType dtype, Layout layout, long... shape) {
    return Tensor.randn(RandomStream.of(seed), shape).to(layout).to(dtype);
  }

  private static List<Tensor> network(Pass pass, int seed, DType dtype, Layout layout) {
    Tensor x = pass.watch(sample(seed + 1, dtype, layout, 6, 4, 17, 16));
    Tensor filter = pass.watch(sample(seed + 2, dtype, layout, 8, 2, 3, 3));
    Tensor offsets = pass.watch(sample(seed + 3, dtype, layout, 8));
    Tensor gamma = pass.watch(sample(seed + 4, dtype, layout, 8));
    Tensor beta = pass.watch(sample(seed + 5, dtype, layout, 8));
    Tensor weight = pass.watch(sample(seed + 6, dtype, layout, 10, 8 * 4 * 4));
    ConvolutionGeometry geometry =
        new ConvolutionGeometry(6, 4, 17, 16, 8, 3, 3, 1, 1, 1, 1, 1, 1, 2);
    Tensor y = Convolutions.conv2d(x, filter, offsets, geometry, pass);
    Tensor normalised =
        BatchNormalization.withBatchStatistics(
            y.to(layout), pass.backend().channelMoments(y), gamma, beta, 1e-5, true, pass);
    Tensor direct =
        BatchNormalization.withBatchStatistics(
            y, pass.backend().channelMoments(y), gamma, beta, 1e-5, true, pass);
    Tensor given =
        BatchNormalization.withGivenStatistics(
            direct,
            sample(seed + 7, dtype, layout, 8),
            Tensor.full(2, dtype, 8),
            gamma,
            beta,
            0,
            false,
            pass);
    Tensor pooled =
        Poolings.maxPool2d(given, new PoolGeometry(17, 16, 3, 2, 2, 2, 1, 0, true), pass);
    Tensor smaller =
        Poolings.averagePool2d(pooled, new PoolGeometry(9, 8, 3, 2, 2, 2, 0, 0, true), pass);
    Tensor scores = Products.linear(pass.reshape(smaller, 6, -1), weight, null, pass);
    Tensor labels = Tensor.of(new long[] {0, 3, 9, 1, 1, 5}, 6);
    Tensor loss = Objectives.crossEntropy(scores, labels, pass);
    Gradients plain = pass.backward(loss);
    Gradients graph = pass.backward(loss, true);
    List<Tensor> results =
        new ArrayList<>(List.of(y, normalised, given, pooled, smaller, scores, loss));
    for (Tensor watched : List.of(x, filter, offsets, gamma, beta, weight)) {
      results.add(plain.of(watched));
      results.add(graph.of(watched));
    }
    return results;
  }

  private static List<Tensor> elementwise(Pass pass, int seed, DType dtype, Layout layout) {
    Tensor x = pass.watch(sample(seed + 8, dtype, layout, 5, 7, 31, 33));
    Tensor c = pass.watch(sample(seed + 9, dtype, layout, 7, 1, 1));
    Tensor half = pass.add(pass.mul(pass.sub(x, c), c), 0.5);
    Tensor y = pass.relu(pass.div(pass.tanh(half), pass.add(pass.square(pass.maximum(x, c)), 1)));
    Tensor centred = pass.mul(pass.sub(y, pass.mean(y)), pass.sqrt(pass.var(pass.exp(x), true)));
    Tensor moved = pass.permute(pass.abs(pass.neg(centred)), 1, 0, 3, 2);
    Tensor loss = pass.add(pass.sum(pass.sigmoid(moved)), pass.mean(pass.log(pass.abs(x))));
    Gradients gradients = pass.backward(loss, true);
    Tensor wide = pass.backend().expand(c, x.shape());
    return List.of(
        y,
        moved,
        loss,
        wide,
        pass.var(x, false, 0, 2, 3),
        pass.sum(x, 0),
        pass.mean(x, 2, 3),
        pass.matmul(moved, sample(seed + 10, dtype, layout, 31, 6)),
        pass.backend().argmax(x),
        gradients.of(x),
        gradients.of(c));
  }
}
