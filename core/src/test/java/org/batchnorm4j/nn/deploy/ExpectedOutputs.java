package org.batchnorm4j.nn.deploy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Tensor;

/**
 * What a layer of one multiplication per weight and a batch norm give by definition, and what a
 * folded layer can be away from it.
 *
 * <p>K products are summed. In the folded layer each weight is rounded (u), its product too, and K
 * sums follow; the bias is rounded and joins one sum: at most (K + 3) u of each summand, and 1 more
 * for terms of higher order. For float64 the definition itself rounds as often.
 */
final class ExpectedOutputs {
  private final double[] y;
  private final double[] bound;
  private final double unit;

  /** None yet; {@code fanIn} is the largest K. */
  ExpectedOutputs(int outputs, int fanIn, DType dtype) {
    y = new double[outputs];
    bound = new double[outputs];
    unit = dtype == DType.FLOAT64 ? 2 * (fanIn + 8) * 0x1p-53 : (fanIn + 4) * 0x1p-24;
  }

  static double[] values(Optional<Tensor> tensor, double otherwise, int size) {
    return tensor.orElseGet(() -> Tensor.full(otherwise, DType.FLOAT64, size)).toDoubles();
  }

  /** Output {@code at}, of channel c: the sum of the products and of their absolute values. */
  void put(int at, double sum, double magnitude, BatchNorm norm, int c, double bias) {
    int channels = norm.numFeatures();
    double gamma = values(norm.weight().map(p -> p.value()), 1, channels)[c];
    double beta = values(norm.bias().map(p -> p.value()), 0, channels)[c];
    double mean = norm.runningMean().orElseThrow().toDoubles()[c];
    double variance = norm.runningVar().orElseThrow().toDoubles()[c];
    double deviation = Math.sqrt(variance + norm.options().eps());
    y[at] = (sum + bias - mean) / deviation * gamma + beta;
    bound[at] =
        unit
            * (Math.abs(gamma) / deviation * (magnitude + Math.abs(bias) + Math.abs(mean))
                + Math.abs(beta));
  }

  void hold(Tensor found) {
    double[] values = found.toDoubles();
    assertEquals(y.length, values.length);
    for (int i = 0; i < y.length; i++) {
      assertEquals(y[i], values[i], bound[i], "output " + i);
    }
  }
}
