package org.batchnorm4j.optim;

import java.util.List;
import java.util.Map;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.nn.Parameter;
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
    this.eps = eps;
    this.weightDecay = weightDecay;
    this.decoupled = decoupled;
    state = new ParameterState(parameters, FIRST, SECOND);
  }

  @Override
  public final void step(Gradients gradients) {
    double t = state.nextStep(gradients);
    float size = (float) (learningRate / (1 - StrictMath.pow(beta1, t)));
    float root = (float) (1 / Math.sqrt(1 - StrictMath.pow(beta2, t)));
    float shrink = decoupled ? (float) (1 - learningRate * weightDecay) : 1f;
    float decay = decoupled ? 0f : (float) weightDecay;
    for (Parameter parameter : state.parameters()) {
      if (parameter.isTrainable()) {
        Tensor gradient = ParameterState.gradient(gradients, parameter);
        update(
            parameter.value().unsafeFloatArray(),
            gradient.unsafeFloatArray(),
            gradient.offset(),
            state.slot(FIRST, parameter),
            state.slot(SECOND, parameter),
            new Constants(size, root, shrink, decay));
      }
    }
  }

  private record Constants(float size, float root, float shrink, float decay) {}

  private void update(float[] p, float[] g, int gFrom, float[] m, float[] v, Constants step) {
    float b1 = (float) beta1;
    float b2 = (float) beta2;
    float c1 = (float) (1 - beta1);
    float c2 = (float) (1 - beta2);
    float floor = (float) eps;
    float size = step.size();
    float root = step.root();
    float shrink = step.shrink();
    float decay = step.decay();
    for (int i = 0; i < p.length; i++) {
      float value = p[i] * shrink;
      float gradient = g[gFrom + i] + decay * value;
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
