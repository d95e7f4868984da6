package org.batchnorm4j.nn.deploy;

import java.util.Map;
import java.util.Optional;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.nn.BatchNorm;
import org.batchnorm4j.nn.BatchNormReLU;
import org.batchnorm4j.nn.Conv1d;
import org.batchnorm4j.nn.Conv2d;
import org.batchnorm4j.nn.Conv3d;
import org.batchnorm4j.nn.ConvTranspose2d;
import org.batchnorm4j.nn.Linear;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.Parameter;
import org.batchnorm4j.nn.Residual;
import org.batchnorm4j.nn.Sequential;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.Tensor;
import org.batchnorm4j.tensor.UnaryOperation;

/**
 * How far two ways to compute a float64 model can be apart, one with its batch norms and one with
 * them folded in: an error {@code e} of the input of a layer becomes {@code |weight| e}, and each
 * way adds at most {@code (K + 8) u} of the sum of all absolute summands for a layer of K products
 * per output and the norm behind it (docs/numerics.md). ReLU and the largest of a window do not
 * increase an error.
 */
final class DeviationBound {
  private static final double U = 0x1p-53;

  /** What the model computes, and how far it can be off. */
  private record Value(Tensor x, Tensor error) {}

  private DeviationBound() {}

  /** A bound for each output. */
  static Tensor of(Module model, Tensor input) {
    Tensor exact = Tensor.zeros(DType.FLOAT64, input.shape().toArray());
    return through(model, new Value(input, exact)).error();
  }

  private static Value through(Module module, Value in) {
    Pass pass = Pass.inference();
    return switch (module) {
      case Sequential chain -> {
        Value value = in;
        for (Module part : chain.members().children().values()) {
          value = through(part, value);
        }
        yield value;
      }
      case Residual block -> {
        Value body = through(block.members().children().get("body"), in);
        Module shortcut = block.members().children().get("shortcut");
        Value other = shortcut == null ? in : through(shortcut, in);
        Tensor sum = abs(body.x).add(abs(other.x)).mul(2 * U);
        yield new Value(block.forward(in.x, pass), body.error.add(other.error).add(sum));
      }
      case BatchNormReLU both -> {
        Value value = through(both.norm(), in);
        yield new Value(both.forward(in.x, pass), value.error);
      }
      case BatchNorm norm -> norm(norm, in);
      case Conv1d conv -> {
        Module magnitudes =
            new Conv1d(
                in.x.axis(1),
                conv.weight().value().axis(0),
                conv.options().withBias(true),
                RandomStream.of(0));
        yield product(conv, magnitudes, conv.weight(), conv.bias(), in);
      }
      case Conv2d conv -> {
        Module magnitudes =
            new Conv2d(
                in.x.axis(1),
                conv.weight().value().axis(0),
                conv.options().withBias(true),
                RandomStream.of(0));
        yield product(conv, magnitudes, conv.weight(), conv.bias(), in);
      }
      case Conv3d conv -> {
        Module magnitudes =
            new Conv3d(
                in.x.axis(1),
                conv.weight().value().axis(0),
                conv.options().withBias(true),
                RandomStream.of(0));
        yield product(conv, magnitudes, conv.weight(), conv.bias(), in);
      }
      case ConvTranspose2d conv -> {
        int outputs = conv.weight().value().axis(1) * conv.options().window().groups();
        Module magnitudes =
            new ConvTranspose2d(
                in.x.axis(1), outputs, conv.options().withBias(true), RandomStream.of(0));
        yield product(conv, magnitudes, conv.weight(), conv.bias(), in);
      }
      case Linear linear -> {
        int outputs = linear.weight().value().axis(0);
        Module magnitudes =
            new Linear(in.x.axis(-1), outputs, true, DType.FLOAT64, RandomStream.of(0));
        yield product(linear, magnitudes, linear.weight(), linear.bias(), in);
      }
      default -> new Value(module.forward(in.x, pass), module.forward(in.error, pass));
    };
  }

  /** A bias is below 1 here, as the first values of layers are. */
  private static Value product(
      Module layer, Module magnitudes, Parameter weight, Optional<Parameter> bias, Value in) {
    Tensor zeros = magnitudes.stateDict().get("bias");
    zeros.fill(0);
    magnitudes.loadStateDict(Map.of("weight", abs(weight.value()), "bias", zeros), true);
    int products = weight.value().size() / zeros.size();
    Pass pass = Pass.inference();
    Tensor summands =
        magnitudes.forward(abs(in.x).add(in.error), pass).add(bias.isPresent() ? 1 : 0);
    Tensor own = summands.mul(2 * (products + 8) * U);
    return new Value(layer.forward(in.x, pass), magnitudes.forward(in.error, pass).add(own));
  }

  private static Value norm(BatchNorm norm, Value in) {
    int channels = norm.numFeatures();
    double[] mean = norm.runningMean().orElseThrow().toDoubles();
    double[] variance = norm.runningVar().orElseThrow().toDoubles();
    double[] gamma = norm.weight().orElseThrow().value().toDoubles();
    double[] beta = norm.bias().orElseThrow().value().toDoubles();
    double[] x = in.x.toDoubles();
    double[] error = in.error.toDoubles();
    int plane = x.length / in.x.axis(0) / channels;
    for (int i = 0; i < x.length; i++) {
      int c = i / plane % channels;
      double scale = Math.abs(gamma[c]) / Math.sqrt(variance[c] + norm.options().eps());
      double summands = scale * (Math.abs(x[i]) + Math.abs(mean[c])) + Math.abs(beta[c]);
      error[i] = scale * error[i] + 2 * 8 * U * summands;
    }
    Tensor bound = Tensor.of(error, in.error.shape().toArray());
    return new Value(norm.forward(in.x, Pass.inference()), bound);
  }

  private static Tensor abs(Tensor x) {
    return x.apply(UnaryOperation.ABS);
  }
}
