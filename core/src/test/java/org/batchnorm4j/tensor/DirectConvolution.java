package org.batchnorm4j.tensor;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The definition of convolution as seven loops in float64, on random data that float32 holds
 * exactly.
 */
final class DirectConvolution {
  static final class Sums {
    final double[] values;
    final double[] absolute;
    final int terms;

    Sums(int length, int terms) {
      this.values = new double[length];
      this.absolute = new double[length];
      this.terms = terms;
    }

    void add(int at, double product) {
      values[at] += product;
      absolute[at] += Math.abs(product);
    }
  }

  interface Visitor {
    void visit(int x, int w, int y);
  }

  final ConvolutionGeometry geometry;
  final double[] x;
  final double[] w;
  final double[] bias;
  final double[] g;

  DirectConvolution(ConvolutionGeometry geometry, long seed) {
    this.geometry = geometry;
    SplittableRandom random = new SplittableRandom(seed);
    x = values(random, geometry.inputSize());
    w = values(random, geometry.weightSize());
    bias = values(random, geometry.outChannels());
    g = values(random, geometry.outputSize());
  }

  Sums y() {
    Sums sums = new Sums(geometry.outputSize(), geometry.patchSize() + 1);
    each((x, w, y) -> sums.add(y, this.x[x] * this.w[w]));
    int positions = geometry.outHeight() * geometry.outWidth();
    for (int i = 0; i < sums.values.length; i++) {
      sums.add(i, bias[i / positions % geometry.outChannels()]);
    }
    return sums;
  }

  Sums dx() {
    Sums sums = new Sums(geometry.inputSize(), geometry.outChannels() * geometry.kernelPositions());
    each((x, w, y) -> sums.add(x, this.g[y] * this.w[w]));
    return sums;
  }

  Sums dw() {
    Sums sums = new Sums(geometry.weightSize(), geometry.batch() * geometry.outPositions());
    each((x, w, y) -> sums.add(w, this.g[y] * this.x[x]));
    return sums;
  }

  Sums db() {
    Sums sums = new Sums(geometry.outChannels(), geometry.batch() * geometry.outPositions());
    for (int i = 0; i < g.length; i++) {
      sums.add(i / geometry.outPositions() % geometry.outChannels(), g[i]);
    }
    return sums;
  }

  private void each(Visitor visitor) {
    int perGroup = geometry.inChannels() / geometry.groups();
    int at = 0;
    for (int n = 0; n < geometry.batch(); n++) {
      for (int oc = 0; oc < geometry.outChannels(); oc++) {
        int group = oc / (geometry.outChannels() / geometry.groups());
        for (int oh = 0; oh < geometry.outHeight(); oh++) {
          for (int ow = 0; ow < geometry.outWidth(); ow++) {
            for (int c = 0; c < perGroup; c++) {
              int plane = n * geometry.inChannels() + group * perGroup + c;
              window(visitor, plane, oc * perGroup + c, oh, ow, at);
            }
            at++;
          }
        }
      }
    }
  }

  private void window(Visitor visitor, int plane, int kernel, int oh, int ow, int y) {
    for (int kh = 0; kh < geometry.kernelHeight(); kh++) {
      for (int kw = 0; kw < geometry.kernelWidth(); kw++) {
        int ih =
            oh * geometry.strideHeight()
                - geometry.paddingHeight()
                + kh * geometry.dilationHeight();
        int iw =
            ow * geometry.strideWidth() - geometry.paddingWidth() + kw * geometry.dilationWidth();
        if (ih >= 0 && ih < geometry.inHeight() && iw >= 0 && iw < geometry.inWidth()) {
          visitor.visit(
              (plane * geometry.inHeight() + ih) * geometry.inWidth() + iw,
              (kernel * geometry.kernelHeight() + kh) * geometry.kernelWidth() + kw,
              y);
        }
      }
    }
  }

  float[] floats(double[] values) {
    float[] result = new float[values.length + 2 * CpuConvolutionTest.OFFSET];
    for (int i = 0; i < values.length; i++) {
      result[CpuConvolutionTest.OFFSET + i] = (float) values[i];
    }
    return result;
  }

  private static double[] values(SplittableRandom random, int length) {
    double[] values = new double[length];
    Arrays.setAll(values, i -> (float) random.nextDouble(-1, 1));
    return values;
  }
}
