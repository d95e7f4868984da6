package org.batchnorm4j.optim;

import java.util.List;
import java.util.Map;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;

/**
 * The step that {@link Adam} and {@link AdamW} share: {@code m = b1 m + (1 - b1) g}, {@code v = b2
 * v + (1 - b2) g^2}, {@code p -= lr / (1 - b1^t) * m / (sqrt(v / (1 - b2^t)) + eps)} (Kingma and Ba
 * 2015, algorithm 1, as PyTorch computes it).
 *
 * <p>State: {@code step}, {@code exp_avg.<parameter>}, {@code exp_avg_sq.<parameter>}. Not safe for
 * use by many threads.
 */
public abstract sealed class AdamFamily implements Optimizer permits Adam, AdamW {
  private static final String FIRST = "exp_avg";
  private static final String SECOND = "exp_avg_sq";

  private final ParameterState state;
  private final double beta1;
  private final double beta2;
  private final double eps;
  private final double weightDecay;
  private final boolean decoupled;
  private double learningRate;

  AdamFamily(
      List<Parameter> parameters,
      double learningRate,
      double beta1,
      double beta2,
      double eps,
      double weightDecay,
      boolean decoupled) {
    this.learningRate = ParameterState.checkedRate(learningRate);
    this.beta1 = ParameterState.checkedFraction("beta1", beta1);
    this.beta2 = ParameterState.checkedFraction("beta2", beta2);
    this.eps = ParameterState.checkedSize("eps", eps);
    this.weightDecay = ParameterState.checkedSize("weight decay", weightDecay);
    this.decoupled = decoupled;
    state = new ParameterState(parameters, FIRST, SECOND);
  }

  @Override
  public final void step(Gradients gradients) {
    double t = state.nextStep(gradients);
    Constants constants =
        new Constants(
            learningRate / (1 - StrictMath.pow(beta1, t)),
            1 / Math.sqrt(1 - StrictMath.pow(beta2, t)),
            decoupled ? 1 - learningRate * weightDecay : 1,
            decoupled ? 0 : weightDecay);
    for (Parameter parameter : state.parameters()) {
      if (parameter.isTrainable()) {
        Tensor value = parameter.value();
        Tensor gradient = ParameterState.gradient(gradients, parameter);
        Tensor m = state.slot(FIRST, parameter);
        Tensor v = state.slot(SECOND, parameter);
        if (value.dtype() == DType.FLOAT32) {
          update(
              value.unsafeFloatArray(),
              gradient.unsafeFloatArray(),
              m.unsafeFloatArray(),
              v.unsafeFloatArray(),
              constants);
        } else {
          update(
              value.unsafeDoubleArray(),
              gradient.unsafeDoubleArray(),
              m.unsafeDoubleArray(),
              v.unsafeDoubleArray(),
              constants);
        }
      }
    }
  }

  private record Constants(double size, double root, double shrink, double decay) {}

  private void update(double[] p, double[] g, double[] m, double[] v, Constants step) {
    for (int i = 0; i < p.length; i++) {
      double value = p[i] * step.shrink();
      double gradient = g[i] + step.decay() * value;
      m[i] = beta1 * m[i] + (1 - beta1) * gradient;
      v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
      p[i] = value - step.size() * m[i] / (Math.sqrt(v[i]) * step.root() + eps);
    }
  }

  private void update(float[] p, float[] g, float[] m, float[] v, Constants step) {
    float b1 = (float) beta1;
    float b2 = (float) beta2;
    float c1 = (float) (1 - beta1);
    float c2 = (float) (1 - beta2);
    float floor = (float) eps;
    float size = (float) step.size();
    float root = (float) step.root();
    float shrink = (float) step.shrink();
    float decay = (float) step.decay();
    for (int i = 0; i < p.length; i++) {
      float value = p[i] * shrink;
      float gradient = g[i] + decay * value;
      m[i] = b1 * m[i] + c1 * gradient;
      v[i] = b2 * v[i] + c2 * gradient * gradient;
      p[i] = value - size * m[i] / ((float) Math.sqrt(v[i]) * root + floor);
    }
  }

  @Override
  public final double learningRate() {
    return learningRate;
  }

  @Override
  public final void setLearningRate(double newRate) {
    learningRate = ParameterState.checkedRate(newRate);
  }

  @Override
  public final Map<String, Tensor> stateDict() {
    return state.stateDict();
  }

  @Override
  public final void loadStateDict(Map<String, Tensor> newState) {
    state.load(newState);
  }
}
