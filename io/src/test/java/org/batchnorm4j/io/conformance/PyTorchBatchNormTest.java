package org.batchnorm4j.io.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.io.SharedFiles;
import org.batchnorm4j.io.safetensors.SafetensorsFile;
import org.batchnorm4j.nn.Functional;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

/**
 * Every batch norm case that PyTorch computed in float64, in both layouts. An output may differ by
 * {@code k u} times its condition: the same formula with absolute values for its summands.
 */
class PyTorchBatchNormTest {

  @Test
  void everyCaseAgreesInBothLayouts() throws IOException {
    Path folder = SharedFiles.path("conformance/pytorch");
    List<Path> cases;
    try (Stream<Path> files = Files.list(folder)) {
      cases = files.filter(f -> f.getFileName().toString().contains("-batch_norm-")).toList();
    }
    assertEquals(38, cases.size());
    double worst = 0;
    for (Path file : cases) {
      for (Layout layout : Layout.values()) {
        worst = Math.max(worst, new Case(file, layout).check());
      }
    }
    System.out.printf("PyTorch batch norm cases: largest difference / bound %.3f%n", worst);
  }

  /** One file: inputs, options, expectations and the conditions of the outputs. */
  private static final class Case {
    private final String name;
    private final Map<String, Tensor> tensors;
    private final boolean training;
    private final double eps;
    private final double momentum;
    private final Layout layout;
    private final int channels;
    private final int plane;
    private final int count;
    private double worst;

    Case(Path file, Layout layout) throws IOException {
      this.layout = layout;
      name = file.getFileName() + " " + layout;
      try (SafetensorsFile source = SafetensorsFile.open(file)) {
        tensors = source.readAll();
        Map<String, String> options = source.metadata();
        training = Boolean.parseBoolean(options.get("training"));
        eps = Double.parseDouble(options.get("eps"));
        momentum =
            "cumulative".equals(options.get("momentum"))
                ? 1.0 / (tensors.get("num_batches_tracked").itemAsLong() + 1)
                : Double.parseDouble(options.get("momentum"));
      }
      Tensor x = tensors.get("input");
      channels = x.axis(1);
      plane = (int) x.shape().span(2, x.rank());
      count = x.axis(0) * plane;
    }

    private double[] values(String key) {
      return tensors.get(key).toDoubles();
    }

    double check() {
      double[] meanBefore = tensors.containsKey("running_mean") ? values("running_mean") : null;
      double[] varBefore = tensors.containsKey("running_var") ? values("running_var") : null;
      Pass pass = Pass.inference().recording();
      Tensor x = pass.watch(tensors.get("input").to(layout));
      Tensor weight = tensors.get("weight");
      Tensor bias = tensors.get("bias");
      if (weight != null) {
        pass.watch(weight);
      }
      if (bias != null) {
        pass.watch(bias);
      }
      boolean batchStatistics = training || meanBefore == null;
      Tensor mean = tensors.get("running_mean");
      Tensor variance = tensors.get("running_var");
      Tensor y =
          Functional.batchNorm(
              x, mean, variance, weight, bias, batchStatistics, momentum, eps, pass);
      Gradients gradients = pass.backward(y, tensors.get("grad_output"), false);

      Conditions c = new Conditions(batchStatistics, meanBefore, varBefore);
      compare("expected.output", y, c.output);
      compare("expected.grad_input", gradients.of(x), c.gradInput);
      if (weight != null) {
        compare("expected.grad_weight", gradients.of(weight), c.gradWeight);
      }
      if (bias != null) {
        compare("expected.grad_bias", gradients.of(bias), c.gradBias);
      }
      if (training && mean != null && variance != null) {
        compare("expected.running_mean", mean, c.runningMean);
        compare("expected.running_var", variance, c.runningVar);
      }
      return worst;
    }

    private void compare(String key, Tensor actual, double[] condition) {
      Tensor stored = tensors.get(key);
      assertEquals(stored.shape(), actual.shape(), name + " " + key);
      double[] expected = stored.toDoubles();
      double[] values = actual.toDoubles();
      // float32: sums are kept in float64, so only some eight roundings of inputs, constants and
      // result remain. float64: PyTorch's own sums are in the working precision, count roundings
      double u = stored.dtype() == DType.FLOAT32 ? 0x1p-24 : 0x1p-53;
      double k = stored.dtype() == DType.FLOAT32 ? 8 : 8 + count;
      for (int i = 0; i < values.length; i++) {
        double bound = k * u * condition[i];
        double difference = Math.abs(values[i] - expected[i]);
        assertTrue(
            difference <= bound,
            name + " " + key + "[" + i + "]: " + values[i] + " instead of " + expected[i]);
        worst = Math.max(worst, difference == 0 ? 0 : difference / bound);
      }
    }

    /** The formulas of facts on absolute values, by definition in float64. */
    private final class Conditions {
      private final double[] output;
      private final double[] gradInput;
      private final double[] gradWeight = new double[channels];
      private final double[] gradBias = new double[channels];
      private final double[] runningMean = new double[channels];
      private final double[] runningVar = new double[channels];

      Conditions(boolean batchStatistics, double[] givenMean, double[] givenVar) {
        double[] x = values("input");
        double[] g = values("grad_output");
        output = new double[x.length];
        gradInput = new double[x.length];
        for (int c = 0; c < channels; c++) {
          double sum = 0;
          double absolute = 0;
          for (int i = 0; i < count; i++) {
            sum += x[at(c, i)];
            absolute += Math.abs(x[at(c, i)]);
          }
          double mean = batchStatistics ? sum / count : givenMean[c];
          double meanAbs = batchStatistics ? absolute / count : Math.abs(mean);
          double m2 = 0;
          double m2Abs = 0;
          for (int i = 0; i < count; i++) {
            double d = x[at(c, i)] - mean;
            m2 += d * d;
            m2Abs += (Math.abs(x[at(c, i)]) + meanAbs) * Math.abs(d);
          }
          double inverse = 1 / Math.sqrt((batchStatistics ? m2 / count : givenVar[c]) + eps);
          double gamma = tensors.containsKey("weight") ? Math.abs(values("weight")[c]) : 1;
          double beta = tensors.containsKey("bias") ? Math.abs(values("bias")[c]) : 0;
          double sumG = 0;
          double sumGx = 0;
          for (int i = 0; i < count; i++) {
            double xhat = (Math.abs(x[at(c, i)]) + meanAbs) * inverse;
            sumG += Math.abs(g[at(c, i)]);
            sumGx += Math.abs(g[at(c, i)]) * xhat;
          }
          gradBias[c] = sumG;
          gradWeight[c] = sumGx;
          for (int i = 0; i < count; i++) {
            double xhat = (Math.abs(x[at(c, i)]) + meanAbs) * inverse;
            output[at(c, i)] = gamma * xhat + beta;
            gradInput[at(c, i)] =
                gamma
                    * inverse
                    * (Math.abs(g[at(c, i)])
                        + (batchStatistics ? sumG / count + xhat * sumGx / count : 0));
          }
          if (givenMean != null && givenVar != null) {
            runningMean[c] = (1 - momentum) * Math.abs(givenMean[c]) + momentum * absolute / count;
            runningVar[c] =
                (1 - momentum) * givenVar[c] + momentum * (m2 + m2Abs) / Math.max(1, count - 1);
          }
        }
      }

      private int at(int channel, int i) {
        return (i / plane * channels + channel) * plane + i % plane;
      }
    }
  }
}
