package org.batchnorm4j.peers;

import org.batchnorm4j.benchmarks.comparison.Planes;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;
import org.bytedeco.javacpp.PointerScope;

/** Batch norm in training by oneDNN in float32. */
final class OneDnn {
  private OneDnn() {}

  static Outcome.Computed compute(HardData data, Layout layout) {
    try (PointerScope _ = new PointerScope()) {
      OneDnnBatchNorm norm =
          OneDnnBatchNorm.training(
              shape(data),
              layout,
              laidOut(data.x(), data, layout),
              laidOut(data.g(), data, layout),
              data.gamma(),
              data.beta(),
              (float) data.eps());
      norm.forward();
      norm.backward();

      int channels = data.channels();
      double values = data.x().length / (double) channels;
      double[] unbiased = HardData.widened(norm.variance());
      for (int c = 0; c < channels; c++) {
        unbiased[c] *= values / (values - 1);
      }
      Outcome.Computed results = Outcome.Computed.empty();
      results.put("output", rowMajor(norm.output(), data, layout));
      results.put("running_mean", HardData.widened(norm.mean()));
      results.put("running_var", unbiased);
      results.put("grad_input", rowMajor(norm.inputGradient(), data, layout));
      results.put("grad_weight", HardData.widened(norm.gammaGradient()));
      results.put("grad_bias", HardData.widened(norm.betaGradient()));
      return results;
    }
  }

  private static Planes shape(HardData data) {
    long[] axes = data.shape();
    return new Planes((int) axes[0], (int) axes[1], (int) axes[2], (int) axes[3]);
  }

  private static float[] laidOut(float[] values, HardData data, Layout layout) {
    return Tensor.of(values, data.shape()).to(layout).unsafeFloatArray();
  }

  private static double[] rowMajor(float[] values, HardData data, Layout layout) {
    return Tensor.unsafeWrap(values, layout, data.shape()).toDoubles();
  }
}
