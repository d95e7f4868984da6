package org.batchnorm4j.peers;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.peers.BatchNormCase.Kernels;
import org.batchnorm4j.peers.BatchNormCase.Threads;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;

/**
 * One seeded case: a layer of ours with its numbers, and the same in operations of libtorch.
 *
 * @param text what was drawn
 * @param setting how we compute
 * @param layer holds the parameters of both
 * @param inputs in the order of both functions
 * @param ours the layer
 * @param theirs the same by libtorch
 * @param tolerance how far results may be apart
 */
record LayerCase(
    String text,
    Setting setting,
    Module layer,
    List<Numbers> inputs,
    Ours ours,
    Theirs theirs,
    LayerTolerance tolerance) {

  /** Type, layout, kernels and threads that we compute with. */
  record Setting(DType type, Layout layout, Kernels kernels, Threads threads) {}

  /** Numbers that both are given, exact in the type of the case. */
  record Numbers(double[] values, long[] shape, boolean whole) {

    Tensor tensor(Setting setting) {
      Tensor tensor = Tensor.of(values, shape);
      return whole
          ? tensor.to(DType.INT64)
          : tensor.to(setting.type()).to(shape.length > 2 ? setting.layout() : tensor.layout());
    }

    @Override
    public String toString() {
      return Arrays.toString(shape);
    }
  }

  /** What we compute. */
  @FunctionalInterface
  interface Ours {
    Tensor apply(List<Tensor> inputs, Pass pass);
  }

  /** What libtorch computes. */
  @FunctionalInterface
  interface Theirs {
    org.bytedeco.pytorch.Tensor apply(
        List<org.bytedeco.pytorch.Tensor> inputs, Map<String, org.bytedeco.pytorch.Tensor> state);
  }

  /** The same with other operations of libtorch. */
  LayerCase with(Theirs other) {
    return new LayerCase(text, setting, layer, inputs, ours, other, tolerance);
  }

  boolean isEmpty() {
    return inputs.getFirst().values().length == 0;
  }

  @Override
  public String toString() {
    return text + " " + setting + " inputs " + inputs;
  }
}
