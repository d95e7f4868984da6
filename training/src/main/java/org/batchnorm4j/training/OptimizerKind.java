package org.batchnorm4j.training;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.optim.Adam;
import org.batchnorm4j.optim.AdamW;
import org.batchnorm4j.optim.Optimizer;
import org.batchnorm4j.optim.SGD;

/** The optimisers by name, with the defaults that suit the ready-made networks. Immutable. */
public enum OptimizerKind {
  /** Gradient descent with Nesterov momentum 0.9; learning rate 0.05, weight decay 5e-4. */
  SGD(0.05, 5e-4),
  /** Adam with betas 0.9 and 0.999; learning rate 1e-3, no weight decay. */
  ADAM(1e-3, 0),
  /** Adam with decoupled weight decay 0.01; learning rate 1e-3. */
  ADAMW(1e-3, 0.01);

  private static final double MOMENTUM = 0.9;
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.999;
  private static final double EPS = 1e-8;

  private final double defaultRate;
  private final double defaultDecay;

  OptimizerKind(double defaultRate, double defaultDecay) {
    this.defaultRate = defaultRate;
    this.defaultDecay = defaultDecay;
  }

  /** Returns the word that chooses this optimiser, such as {@code adam}. */
  public String option() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Returns the words of all optimisers. */
  public static List<String> options() {
    return Arrays.stream(values()).map(OptimizerKind::option).toList();
  }

  /**
   * Returns the optimiser of a name.
   *
   * @throws IllegalArgumentException if there is none; the message lists all
   */
  public static OptimizerKind named(String option) {
    for (OptimizerKind kind : values()) {
      if (kind.option().equals(option)) {
        return kind;
      }
    }
    throw new IllegalArgumentException(
        "there is no optimizer \"" + option + "\"; choose one of " + String.join(", ", options()));
  }

  /** Returns the learning rate that is used unless another is given. */
  public double defaultRate() {
    return defaultRate;
  }

  /** Returns the weight decay that is used unless another is given. */
  public double defaultDecay() {
    return defaultDecay;
  }

  /** Returns a new optimiser for the given parameters. */
  Optimizer create(List<Parameter> parameters, double rate, double decay) {
    return switch (this) {
      case SGD -> new SGD(parameters, rate, MOMENTUM, decay, true);
      case ADAM -> new Adam(parameters, rate, BETA1, BETA2, EPS, decay);
      case ADAMW -> new AdamW(parameters, rate, BETA1, BETA2, EPS, decay);
    };
  }
}
