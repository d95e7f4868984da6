package org.batchnorm4j.autograd;

import org.batchnorm4j.tensor.Tensor;

/**
 * Batch norm, with a ReLU behind it or none, and its gradients by definition in float64, with what
 * float32 may be off by. With a ReLU the output is the one before it.
 */
public final class BatchNormDefinition {
  private static final double U = 0x1p-24; // unit roundoff of float32

  public final int channels;
  public final double[] mean;
  public final double[] inverse;
  public final double[] sumG;
  public final double[] sumGx;
  private final int plane;
  private final double[] x;
  private final double[] g;
  private final double[] gamma;
  private final double[] beta;
  private final double count;
  private final double[] sumSizes;

  public BatchNormDefinition(Tensor x, Tensor g, Tensor gamma, Tensor beta, double eps) {
    this(x, g, gamma, beta, eps, false);
  }

  public BatchNormDefinition(
      Tensor x, Tensor g, Tensor gamma, Tensor beta, double eps, boolean relu) {
    channels = x.axis(1);
    plane = (int) x.shape().span(2, x.rank());
    this.x = x.toDoubles();
    this.g = g.toDoubles();
    this.gamma = gamma.toDoubles();
    this.beta = beta.toDoubles();
    count = (double) this.x.length / channels;
    mean = new double[channels];
    inverse = new double[channels];
    sumG = new double[channels];
    sumGx = new double[channels];
    sumSizes = new double[channels];
    for (int i = 0; i < this.x.length; i++) {
      mean[channel(i)] += this.x[i] / count;
    }
    double[] variance = new double[channels];
    for (int i = 0; i < this.x.length; i++) {
      variance[channel(i)] += centred(i) * centred(i) / count;
    }
    for (int c = 0; c < channels; c++) {
      inverse[c] = 1 / Math.sqrt(variance[c] + eps);
    }
    for (int i = 0; i < this.x.length; i++) {
      this.g[i] = relu && output(i) <= 0 ? 0 : this.g[i];
      sumG[channel(i)] += this.g[i];
      sumGx[channel(i)] += this.g[i] * centred(i);
      sumSizes[channel(i)] += Math.abs(this.g[i] * centred(i));
    }
  }

  private int channel(int i) {
    return i / plane % channels;
  }

  private double centred(int i) {
    return x[i] - mean[channel(i)];
  }

  public double output(int i) {
    int c = channel(i);
    return centred(i) * inverse[c] * gamma[c] + beta[c];
  }

  /**
   * x - mean, scale, shift and the fused sum round once each; the mean rounded to float32 moves x -
   * mean by up to u |mean|, which the shift takes back, so only the roundings of that part remain.
   * 1 % covers terms in u^2 and the float64 of both sides.
   */
  public double outputBound(int i) {
    int c = channel(i);
    double scale = Math.abs(inverse[c] * gamma[c]);
    double moved = U * Math.abs(mean[c]) * scale;
    double sizes = 2 * Math.abs(centred(i)) * scale + Math.abs(beta[c]) + Math.abs(output(i));
    return 1.01 * U * (sizes + 3 * moved);
  }

  public double inputGradient(int i) {
    int c = channel(i);
    double slope = inverse[c] * inverse[c] * sumGx[c] / count;
    return inverse[c] * gamma[c] * (g[i] - sumG[c] / count - centred(i) * slope);
  }

  /**
   * dx = fma(g, a, fma(x - mean, b, c)): a, b, c, x - mean and two fused sums round once each. The
   * sum in b takes x - mean in float32, so it is off by u times its terms' sizes.
   */
  public double inputGradientBound(int i) {
    int c = channel(i);
    double scale = Math.abs(inverse[c] * gamma[c]);
    double slope = scale * inverse[c] * inverse[c] / count;
    double sloped = slope * Math.abs(sumGx[c]);
    double constant = scale * Math.abs(sumG[c]) / count;
    double moved = U * Math.abs(mean[c]) * sloped;
    double d = Math.abs(centred(i));
    return 1.01
        * U
        * (Math.abs(g[i]) * scale
            + 3 * d * sloped
            + 2 * constant
            + d * slope * sumSizes[c]
            + Math.abs(inputGradient(i))
            + 4 * moved);
  }

  public double weightGradient(int c) {
    return sumGx[c] * inverse[c];
  }

  /** The sum takes x - mean in float32 and is rounded once; 1 % for the float64 sums. */
  public double weightGradientBound(int c) {
    return 1.01 * U * (sumSizes[c] * inverse[c] + Math.abs(weightGradient(c)));
  }
}
