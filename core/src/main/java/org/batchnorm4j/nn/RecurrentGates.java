package org.batchnorm4j.nn;

import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.autograd.Products;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The two products of a recurrent cell, {@code norm_ih(x weight_ih^T) + bias_ih} and {@code
 * norm_hh(h weight_hh^T) + bias_hh}, for all gates at once. As thread-safe as its cell.
 */
final class RecurrentGates {
  final int inputSize;
  final int hiddenSize;
  final RecurrentOptions options;
  private final Members members;
  private final int gates;
  private final Parameter weightIh;
  private final Parameter weightHh;
  private final @Nullable Parameter biasIh;
  private final @Nullable Parameter biasHh;
  private final @Nullable StepBatchNorm normIh;
  private final @Nullable StepBatchNorm normHh;

  RecurrentGates(
      Members members,
      int gates,
      int inputSize,
      int hiddenSize,
      RecurrentOptions options,
      RandomStream random) {
    if (inputSize < 1 || hiddenSize < 1) {
      throw new IllegalArgumentException(
          members.kind()
              + " needs at least 1 value on either side, got "
              + inputSize
              + " to "
              + hiddenSize);
    }
    this.members = members;
    this.gates = gates;
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.options = options;
    int rows = gates * hiddenSize;
    weightIh = uniform("weight_ih", random, rows, inputSize);
    weightHh = uniform("weight_hh", random, rows, hiddenSize);
    biasIh = options.bias() ? uniform("bias_ih", random, rows) : null;
    biasHh = options.bias() ? uniform("bias_hh", random, rows) : null;
    boolean normalised = options.normSteps().isPresent();
    normIh = normalised ? members.child("norm_ih", options.norm(rows, false)) : null;
    normHh = normalised ? members.child("norm_hh", options.norm(rows, false)) : null;
  }

  private Parameter uniform(String name, RandomStream random, long... shape) {
    double bound = 1 / Math.sqrt(hiddenSize);
    return members.parameter(name, Tensor.uniform(options.dtype(), random, -bound, bound, shape));
  }

  void check(Tensor input, Tensor state) {
    if (input.rank() != 2 || input.axis(1) != inputSize) {
      throw new ShapeException(
          members
              + " was built for input (N, "
              + inputSize
              + "), but the input has shape "
              + input.shape());
    }
    if (state.rank() != 2 || state.axis(1) != hiddenSize || state.axis(0) != input.axis(0)) {
      throw new ShapeException(
          members
              + " needs a state of shape ("
              + input.axis(0)
              + ", "
              + hiddenSize
              + ") for the input "
              + input.shape()
              + ", got "
              + state.shape());
    }
    members.checkInputType(input, weightIh);
  }

  /** (N, gates hidden). */
  Tensor ofInput(Tensor input, int step, Pass pass) {
    return product(input, weightIh, normIh, biasIh, step, pass);
  }

  /** (N, gates hidden). */
  Tensor ofHidden(Tensor hidden, int step, Pass pass) {
    return product(hidden, weightHh, normHh, biasHh, step, pass);
  }

  private static Tensor product(
      Tensor x,
      Parameter weight,
      @Nullable StepBatchNorm norm,
      @Nullable Parameter bias,
      int step,
      Pass pass) {
    Tensor product = Products.linear(x, weight.in(pass), null, pass);
    Tensor normalised = norm == null ? product : norm.forward(product, step, pass);
    return bias == null ? normalised : pass.add(normalised, bias.in(pass));
  }

  /** One (N, hidden) for each gate of (N, gates hidden). */
  Tensor[] split(Tensor all, Pass pass) {
    int batch = all.axis(0);
    Tensor byGate = pass.permute(pass.reshape(all, batch, gates, hiddenSize), 1, 0, 2);
    Tensor[] parts = new Tensor[gates];
    for (int i = 0; i < gates; i++) {
      parts[i] = pass.reshape(pass.range(byGate, i, i + 1), batch, hiddenSize);
    }
    return parts;
  }

  String describe(String more) {
    return members.describe(inputSize + ", " + hiddenSize + options + more);
  }
}
