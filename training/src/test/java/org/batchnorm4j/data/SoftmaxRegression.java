package org.batchnorm4j.data;

import java.util.Arrays;
import org.batchnorm4j.tensor.RandomStream;

/**
 * Softmax regression on pixel values in [0, 1], trained by stochastic gradient descent, one picture
 * at a time.
 */
final class SoftmaxRegression {
  private final Dataset data;
  private final int values;
  private final int classes;
  private final float[][] weights;
  private final float[] bias;
  private final float[] x;
  private final byte[] picture;
  private final double[] p;

  SoftmaxRegression(Dataset data) {
    this.data = data;
    this.values = data.shape().values();
    this.classes = data.classes();
    this.weights = new float[values][classes];
    this.bias = new float[classes];
    this.x = new float[values];
    this.picture = new byte[values];
    this.p = new double[classes];
  }

  /**
   * Visits each picture once, in an order of the epoch's own, and returns the mean loss on the way.
   */
  double trainEpoch(int epoch, double rate) {
    double loss = 0;
    RandomStream random = RandomStream.of(99, epoch);
    int[] order = new int[data.size()];
    for (int i = 0; i < order.length; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    for (int i : order) {
      int label = data.label(i);
      probabilities(data, i);
      loss -= Math.log(p[label]);
      p[label] -= 1;
      for (int k = 0; k < classes; k++) {
        p[k] *= rate;
        bias[k] -= (float) p[k];
      }
      for (int v = 0; v < values; v++) {
        if (x[v] != 0) {
          for (int k = 0; k < classes; k++) {
            weights[v][k] -= (float) (p[k] * x[v]);
          }
        }
      }
    }
    return loss / data.size();
  }

  double accuracy(Dataset test) {
    int right = 0;
    for (int i = 0; i < test.size(); i++) {
      probabilities(test, i);
      double best = Arrays.stream(p).max().orElseThrow();
      right += p[test.label(i)] == best ? 1 : 0;
    }
    return right / (double) test.size();
  }

  private void probabilities(Dataset from, int index) {
    from.copyPixels(index, picture, 0);
    for (int k = 0; k < classes; k++) {
      p[k] = bias[k];
    }
    for (int v = 0; v < values; v++) {
      x[v] = (picture[v] & 0xFF) / 255f;
      if (x[v] != 0) {
        for (int k = 0; k < classes; k++) {
          p[k] += weights[v][k] * x[v];
        }
      }
    }
    double max = Arrays.stream(p).max().orElseThrow();
    double sum = 0;
    for (int k = 0; k < classes; k++) {
      p[k] = Math.exp(p[k] - max);
      sum += p[k];
    }
    for (int k = 0; k < classes; k++) {
      p[k] /= sum;
    }
  }
}
