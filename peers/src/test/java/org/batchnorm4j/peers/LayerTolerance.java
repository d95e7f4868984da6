package org.batchnorm4j.peers;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.batchnorm4j.peers.LayerCase.Numbers;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** How far the results of a layer may be from libtorch's in float64, for each single value. */
sealed interface LayerTolerance {

  /**
   * The bounds.
   *
   * @param gradient that of the output
   * @param expected libtorch's results by name
   */
  Map<String, double[]> bounds(LayerCase drawn, Numbers gradient, Map<String, double[]> expected);

  /** A rounding of ours and one of the judge's. */
  static double unit(LayerCase drawn) {
    return Comparison.roundoff(drawn.setting().type()) + 0x1p-53;
  }

  /**
   * Sums of products: each summand of an output or a gradient is rounded once as a product and at
   * most once for each of the other summands, whatever the order; 4 more for a bias, a divisor and
   * terms of higher order. How many summands there are is the result for ones.
   *
   * @param divisor by which each summand is divided at most
   */
  record OfSums(int divisor) implements LayerTolerance {
    @Override
    public Map<String, double[]> bounds(
        LayerCase drawn, Numbers gradient, Map<String, double[]> expected) {
      return of(drawn, gradient, Map.of());
    }

    private Map<String, double[]> of(
        LayerCase drawn, Numbers gradient, Map<String, double[]> parameters) {
      Map<String, double[]> bounds = LayerRuns.magnitudes(drawn, gradient, parameters);
      Map<String, double[]> counts = LayerRuns.ones(drawn, gradient);
      bounds.forEach(
          (quantity, values) -> {
            double[] count = counts.get(quantity);
            for (int i = 0; i < values.length; i++) {
              values[i] *= (divisor * count[i] + 4) * unit(drawn);
            }
          });
      return bounds;
    }
  }

  /**
   * One value of a window: nothing is rounded but sums of the gradients of windows that overlap.
   *
   * @param windows the most windows that a value lies in
   */
  record OfChoice(int windows) implements LayerTolerance {
    @Override
    public Map<String, double[]> bounds(
        LayerCase drawn, Numbers gradient, Map<String, double[]> expected) {
      double[] sizes = Arrays.stream(gradient.values()).map(Math::abs).toArray();
      Map<String, double[]> bounds =
          LayerRuns.theirs(drawn, new Numbers(sizes, gradient.shape(), false));
      bounds.values().forEach(values -> scale(values, windows * unit(drawn)));
      bounds.put("output", new double[sizes.length]);
      return bounds;
    }
  }

  /** A function of each value by itself. */
  record OfValues(Slack output, Slack slope) implements LayerTolerance {

    /** What a result may be off, given the input, the result and the two units. */
    @FunctionalInterface
    interface Slack {
      double at(double x, double result, double unit);
    }

    @Override
    public Map<String, double[]> bounds(
        LayerCase drawn, Numbers gradient, Map<String, double[]> expected) {
      double[] x = drawn.inputs().getFirst().values();
      double[] y = expected.get("output");
      double[] slopes = expected.get("grad_0");
      double[] ofOutput = new double[x.length];
      double[] ofSlopes = new double[x.length];
      double unit = unit(drawn);
      for (int i = 0; i < x.length; i++) {
        double g = Math.abs(gradient.values()[i]);
        ofOutput[i] = output.at(x[i], Math.abs(y[i]), unit);
        ofSlopes[i] = g == 0 ? 0 : g * slope.at(x[i], Math.abs(slopes[i]) / g, unit);
      }
      return new LinkedHashMap<>(Map.of("output", ofOutput, "grad_0", ofSlopes));
    }
  }

  /**
   * Softmax along an axis: {@code x - max} is rounded, which the power makes a relative error, as
   * are n sums and the quotient; all in float64, then one rounding to the type. In the gradient
   * {@code y (g - sum(g y))} every y is off by that, and n products are summed in the type.
   *
   * @param axis along which
   */
  record OfSoftmax(int axis) implements LayerTolerance {
    @Override
    public Map<String, double[]> bounds(
        LayerCase drawn, Numbers gradient, Map<String, double[]> expected) {
      long[] shape = drawn.inputs().getFirst().shape();
      double[] x = drawn.inputs().getFirst().values();
      double[] y = expected.get("output");
      int length = (int) shape[axis];
      int stride = (int) Arrays.stream(shape, axis + 1, shape.length).reduce(1, (a, b) -> a * b);
      double widest = 2 * Arrays.stream(x).map(Math::abs).max().orElse(0);
      double relative = unit(drawn) + 2 * (widest + length + 8) * 0x1p-53;
      double[] ofOutput = new double[x.length];
      double[] ofSlopes = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        int first = i / stride / length * stride * length + i % stride;
        double sum = 0;
        for (int k = 0; k < length; k++) {
          sum += Math.abs(gradient.values()[first + k * stride]) * y[first + k * stride];
        }
        ofOutput[i] = relative * y[i];
        double summands = y[i] * (Math.abs(gradient.values()[i]) + sum);
        ofSlopes[i] = (2 * relative + (length + 4) * unit(drawn)) * summands;
      }
      return new LinkedHashMap<>(Map.of("output", ofOutput, "grad_0", ofSlopes));
    }
  }

  /**
   * A recurrent cell whose inputs, states and gradients are at most 1 and whose weights and biases
   * at most 1 / S, with S products and biases to a gate from either side, so that every factor but
   * the memory and {@code h - n} (at most 2) is at most 1. With u the unit:
   *
   * <ul>
   *   <li>2 S summands make a gate, each of at most 1 / S: off by {@code 2 (2 S + 2) u}; tanh and
   *       sigmoid have slopes up to 1 and a few roundings of their own: {@code E = 4 (S + 1) u + 4
   *       u}.
   *   <li>GRU: the argument of n is off by 4 E, n by 5 E, {@code n + z (h - n)} by 13 E. LSTM: the
   *       memory by 4 E, its tanh by 5 E, the state by 7 E.
   *   <li>Products of those factors and of their slopes are the gradients of the gates: GRU's reset
   *       gate is off by 16 E; LSTM's {@code dc = g_c + g_h o (1 - tanh^2)} by 13 E, with {@code 1
   *       - t^2} and i by 20 E. Each is at most 2.
   *   <li>Gradients of weights add up N of them, those of inputs and states one for each row of the
   *       weights and one more: n of them are off by {@code n (20 E + 2 (n + 2) u)}.
   * </ul>
   *
   * @param perGate S
   * @param most n, the larger of the two
   */
  record OfCell(int perGate, int most) implements LayerTolerance {
    @Override
    public Map<String, double[]> bounds(
        LayerCase drawn, Numbers gradient, Map<String, double[]> expected) {
      double unit = unit(drawn);
      double ofGate = 4 * (perGate + 2) * unit;
      double ofSlope = most * (20 * ofGate + 2 * (most + 2) * unit);
      Map<String, double[]> bounds = new LinkedHashMap<>();
      expected.forEach(
          (quantity, values) -> {
            double[] same = new double[values.length];
            Arrays.fill(same, quantity.equals("output") ? 13 * ofGate : ofSlope);
            bounds.put(quantity, same);
          });
      return bounds;
    }
  }

  /**
   * A layer with a standardised weight. With w the weight as the layer uses it and e how far that
   * may be off by the bound of a norm (docs/numerics.md): products of |w| are off as any sums are,
   * and those of e come to them. The gradient of the weight goes back through the norm: its bound,
   * and the norm's gradient of what the sums before it were off.
   *
   * @param plain the layer with a weight that is used as it is, in libtorch's operations
   */
  record OfStandardised(LayerCase.Theirs plain) implements LayerTolerance {
    private static final double EPS = 1e-5;

    @Override
    public Map<String, double[]> bounds(
        LayerCase drawn, Numbers gradient, Map<String, double[]> expected) {
      Tensor weight = drawn.layer().namedParameters().get("weight").value();
      double[] values = weight.toDoubles();
      int each = values.length / weight.axis(0);
      Grouping rows = new Grouping(weight.axis(0), i -> i / each, 1, i -> 0, true);
      LayerCase plainly = drawn.with(plain);
      double[] used = standardised(values, each);
      Map<String, double[]> bounds = new OfSums(1).of(plainly, gradient, Map.of("weight", used));
      double[] off = ofNorm(drawn, rows, values, null);
      Map<String, double[]> ofOff =
          LayerRuns.magnitudes(
              plainly, gradient, Map.of("weight", off, "bias", new double[weight.axis(0)]));
      for (String quantity : List.of("output", "grad_0")) {
        add(bounds.get(quantity), ofOff.get(quantity));
      }
      double[] slopes =
          LayerRuns.theirs(plainly, gradient, Map.of("weight", used)).get("grad_weight");
      double[] before = bounds.get("grad_weight");
      double[] ofSlopes = ofNorm(drawn, rows, values, slopes);
      add(
          ofSlopes,
          new Conditions(false, rows, values, before, null, null, EPS, null, null).gradInput);
      bounds.put("grad_weight", ofSlopes);
      return bounds;
    }

    /** Of the norm itself, or of its gradient. */
    private static double[] ofNorm(
        LayerCase drawn, Grouping rows, double[] values, double @Nullable [] slopes) {
      Conditions ofRoundings =
          new Conditions(false, rows, values, slopes, null, null, EPS, null, null);
      Conditions ofSums = new Conditions(true, rows, values, slopes, null, null, EPS, null, null);
      double[] roundings = slopes == null ? ofRoundings.output : ofRoundings.gradInput;
      double[] sums = slopes == null ? ofSums.output : ofSums.gradInput;
      return Comparison.bounds(drawn.setting().type(), roundings, sums, ofSums.largestSum);
    }

    private static double[] standardised(double[] values, int each) {
      double[] used = new double[values.length];
      for (int from = 0; from < values.length; from += each) {
        double mean = Arrays.stream(values, from, from + each).sum() / each;
        double squares =
            Arrays.stream(values, from, from + each).map(v -> (v - mean) * (v - mean)).sum();
        for (int i = from; i < from + each; i++) {
          used[i] = (values[i] - mean) / Math.sqrt(squares / each + EPS);
        }
      }
      return used;
    }

    private static void add(double[] to, double[] what) {
      for (int i = 0; i < to.length; i++) {
        to[i] += what[i];
      }
    }
  }

  private static void scale(double[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= factor;
    }
  }
}
