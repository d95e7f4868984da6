package org.batchnorm4j.optim;

import java.util.List;
import java.util.Map;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;

/**
 * Stochastic gradient descent as PyTorch's {@code SGD}: {@code g += weightDecay * p}; {@code v =
 * momentum * v + g} (the first step sets {@code v = g}); {@code p -= lr * (nesterov ? g + momentum
 * * v : v)}.
 *
 * <p>State: {@code step}, and with momentum {@code momentum_buffer.<parameter>}. Not safe for use
 * by many threads.
 */
public final class SGD implements Optimizer {
  private static final String VELOCITY = "momentum_buffer";

  private final ParameterState state;
  private final double momentum;
  private final double weightDecay;
  private final boolean nesterov;
  private double learningRate;

  /** Plain descent. */
  public SGD(List<Parameter> parameters, double learningRate) {
    this(parameters, learningRate, 0, 0, false);
  }

  /**
   * Descent with momentum and weight decay.
   *
   * @param parameters what to move
   * @param learningRate step size, not negative
   * @param momentum share of the velocity kept from step to step, 0 for none, below 1
   * @param weightDecay pull of each parameter towards 0, added to its gradient; not negative
   * @param nesterov whether to look ahead; needs momentum
   * @throws IllegalArgumentException if a number is out of range
   */
  public SGD(
      List<Parameter> parameters,
      double learningRate,
      double momentum,
      double weightDecay,
      boolean nesterov) {
    this.momentum = ParameterState.checkedFraction("momentum", momentum);
    if (nesterov && momentum == 0) {
      throw new IllegalArgumentException(
          "Nesterov momentum needs a momentum above 0, got 0; give one such as 0.9, or"
              + " nesterov=false");
    }
    this.learningRate = ParameterState.checkedRate(learningRate);
    this.weightDecay = ParameterState.checkedSize("weight decay", weightDecay);
    this.nesterov = nesterov;
    state =
        momentum == 0 ? new ParameterState(parameters) : new ParameterState(parameters, VELOCITY);
  }

  @Override
  public void step(Gradients gradients) {
    double keep = state.nextStep(gradients) == 1 ? 0 : momentum;
    for (Parameter parameter : state.parameters()) {
      if (!parameter.isTrainable()) {
        continue;
      }
      Tensor value = parameter.value();
      Tensor gradient = ParameterState.gradient(gradients, parameter);
      boolean single = value.dtype() == DType.FLOAT32;
      if (momentum == 0 && single) {
        plain(value.unsafeFloatArray(), gradient.unsafeFloatArray());
      } else if (momentum == 0) {
        plain(value.unsafeDoubleArray(), gradient.unsafeDoubleArray());
      } else if (single) {
        float[] v = state.slot(VELOCITY, parameter).unsafeFloatArray();
        velocity(value.unsafeFloatArray(), gradient.unsafeFloatArray(), v, (float) keep);
      } else {
        double[] v = state.slot(VELOCITY, parameter).unsafeDoubleArray();
        velocity(value.unsafeDoubleArray(), gradient.unsafeDoubleArray(), v, keep);
      }
    }
  }

  private void plain(float[] p, float[] g) {
    float rate = (float) learningRate;
    float decay = (float) weightDecay;
    for (int i = 0; i < p.length; i++) {
      p[i] -= rate * (g[i] + decay * p[i]);
    }
  }

  private void plain(double[] p, double[] g) {
    for (int i = 0; i < p.length; i++) {
      p[i] -= learningRate * (g[i] + weightDecay * p[i]);
    }
  }

  private void velocity(double[] p, double[] g, double[] v, double keep) {
    double ahead = nesterov ? momentum : 1;
    double direct = nesterov ? 1 : 0;
    for (int i = 0; i < p.length; i++) {
      double gradient = g[i] + weightDecay * p[i];
      v[i] = keep * v[i] + gradient;
      p[i] -= learningRate * (direct * gradient + ahead * v[i]);
    }
  }

  private void velocity(float[] p, float[] g, float[] v, float keep) {
    float rate = (float) learningRate;
    float decay = (float) weightDecay;
    float ahead = nesterov ? (float) momentum : 1f;
    float direct = nesterov ? 1f : 0f;
    for (int i = 0; i < p.length; i++) {
      float gradient = g[i] + decay * p[i];
      v[i] = keep * v[i] + gradient;
      p[i] -= rate * (direct * gradient + ahead * v[i]);
    }
  }

  @Override
  public double learningRate() {
    return learningRate;
  }

  @Override
  public void setLearningRate(double newRate) {
    learningRate = ParameterState.checkedRate(newRate);
  }

  @Override
  public Map<String, Tensor> stateDict() {
    return state.stateDict();
  }

  @Override
  public void loadStateDict(Map<String, Tensor> newState) {
    state.load(newState);
  }
}
