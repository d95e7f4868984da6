package org.batchnorm4j.nn;

import static org.batchnorm4j.autograd.Slopes.assertSlopes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import org.batchnorm4j.autograd.Gradients;
import org.batchnorm4j.autograd.Pass;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.RandomStream;
import org.batchnorm4j.tensor.ShapeException;
import org.batchnorm4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cells against loops over plain float64 numbers, with and without batch norm. */
class RecurrentCellsTest {
  private static final int N = 5;
  private static final int T = 3;
  private static final int IN = 2;
  private static final int HIDDEN = 3;

  private static RecurrentCell cell(String kind, RecurrentOptions options) {
    RandomStream random = RandomStream.of(4);
    RecurrentCell cell =
        switch (kind) {
          case "RNN" -> new RNNCell(IN, HIDDEN, options, RNNCell.Nonlinearity.TANH, random);
          case "ReLU" -> new RNNCell(IN, HIDDEN, options, RNNCell.Nonlinearity.RELU, random);
          case "GRU" -> new GRUCell(IN, HIDDEN, options, random);
          default -> new LSTMCell(IN, HIDDEN, options, random);
        };
    // gammas and betas that are not all the same
    cell.namedParameters()
        .forEach(
            (name, parameter) -> {
              if (name.startsWith("norm")) {
                long size = parameter.value().size();
                parameter.value().copyFrom(Tensor.randn(RandomStream.of(name.length()), size));
              }
            });
    return cell;
  }

  private static RecurrentOptions options(boolean normalised) {
    RecurrentOptions plain = RecurrentOptions.defaults().withDtype(DType.FLOAT64);
    return normalised ? plain.withBatchNorm(2) : plain;
  }

  private static Tensor sequence() {
    return Tensor.randn(DType.FLOAT64, RandomStream.of(6), N, T, IN);
  }

  /** By definition: the hidden state after every step, [t][n][h]. */
  private static final class Definition {
    private final Map<String, Tensor> state;
    private final boolean normalised;
    private final int gates;

    Definition(RecurrentCell cell, boolean normalised) {
      this.state = cell.stateDict();
      this.normalised = normalised;
      gates = state.get("weight_ih").axis(0) / HIDDEN;
    }

    double[][][] run(String kind, Tensor x) {
      double[][][] all = new double[T][N][HIDDEN];
      double[][] h = new double[N][HIDDEN];
      double[][] c = new double[N][HIDDEN];
      for (int t = 0; t < T; t++) {
        double[][] input = new double[N][IN];
        for (int n = 0; n < N; n++) {
          for (int i = 0; i < IN; i++) {
            input[n][i] = x.at(n, t, i);
          }
        }
        double[][] a = product("ih", input);
        double[][] b = product("hh", h);
        double[][] next = new double[N][HIDDEN];
        double[][] memory = new double[N][HIDDEN];
        for (int n = 0; n < N; n++) {
          for (int j = 0; j < HIDDEN; j++) {
            double sum = a[n][j] + b[n][j];
            int second = HIDDEN + j;
            int third = 2 * HIDDEN + j;
            switch (kind) {
              case "RNN" -> next[n][j] = Math.tanh(sum);
              case "ReLU" -> next[n][j] = Math.max(0, sum);
              case "GRU" -> {
                double z = sigmoid(a[n][second] + b[n][second]);
                double fresh = Math.tanh(a[n][third] + sigmoid(sum) * b[n][third]);
                next[n][j] = (1 - z) * fresh + z * h[n][j];
              }
              default ->
                  memory[n][j] =
                      sigmoid(a[n][second] + b[n][second]) * c[n][j]
                          + sigmoid(sum) * Math.tanh(a[n][third] + b[n][third]);
            }
          }
        }
        if (kind.equals("LSTM")) {
          double[][] shown = normalised ? norm("cell", memory) : memory;
          for (int n = 0; n < N; n++) {
            for (int j = 0; j < HIDDEN; j++) {
              int fourth = 3 * HIDDEN + j;
              next[n][j] = sigmoid(a[n][fourth] + b[n][fourth]) * Math.tanh(shown[n][j]);
            }
          }
        }
        h = next;
        c = memory;
        all[t] = next;
      }
      return all;
    }

    private static double sigmoid(double v) {
      return 1 / (1 + Math.exp(-v));
    }

    private double[][] product(String name, double[][] x) {
      Tensor weight = state.get("weight_" + name);
      double[][] y = new double[N][gates * HIDDEN];
      for (int n = 0; n < N; n++) {
        for (int o = 0; o < y[n].length; o++) {
          for (int i = 0; i < x[n].length; i++) {
            y[n][o] += weight.at(o, i) * x[n][i];
          }
        }
      }
      y = normalised ? norm(name, y) : y;
      for (double[] row : y) {
        for (int o = 0; o < row.length; o++) {
          row[o] += state.get("bias_" + name).at(o);
        }
      }
      return y;
    }

    private double[][] norm(String name, double[][] x) {
      double[][] y = new double[x.length][x[0].length];
      for (int c = 0; c < x[0].length; c++) {
        double mean = 0;
        double variance = 0;
        for (double[] row : x) {
          mean += row[c] / x.length;
        }
        for (double[] row : x) {
          variance += (row[c] - mean) * (row[c] - mean) / x.length;
        }
        Tensor beta = state.get("norm_" + name + ".bias");
        for (int n = 0; n < x.length; n++) {
          y[n][c] =
              (x[n][c] - mean)
                      / Math.sqrt(variance + 1e-5)
                      * state.get("norm_" + name + ".weight").at(c)
                  + (beta == null ? 0 : beta.at(c));
        }
      }
      return y;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "RNN,false",
    "RNN,true",
    "ReLU,false",
    "GRU,false",
    "GRU,true",
    "LSTM,false",
    "LSTM,true"
  })
  void everyStepFollowsTheDefinition(String kind, boolean normalised) {
    RecurrentCell cell = cell(kind, options(normalised));
    Tensor x = sequence();
    double[][][] expected = new Definition(cell, normalised).run(kind, x);
    Pass pass = Pass.training();
    Tensor y = new Recurrence(cell, Recurrence.Output.ALL).forward(x, pass);
    Tensor last = new Recurrence(cell, Recurrence.Output.LAST).forward(x, pass);
    for (int n = 0; n < N; n++) {
      for (int t = 0; t < T; t++) {
        for (int j = 0; j < HIDDEN; j++) {
          // some 100 roundings of 1.1e-16 per step, which a norm of 5 samples enlarges tenfold
          assertEquals(expected[t][n][j], y.at(n, t, j), 1e-12);
        }
      }
      assertEquals(y.at(n, T - 1, 0), last.at(n, 0));
    }
  }

  @ParameterizedTest
  @CsvSource({"RNN,false", "RNN,true", "GRU,false", "GRU,true", "LSTM,false", "LSTM,true"})
  void gradientsThroughTimeMatchCentralDifferences(String kind, boolean normalised) {
    RecurrentCell cell = cell(kind, options(normalised));
    Recurrence layer = new Recurrence(cell, Recurrence.Output.ALL);
    Tensor x = sequence();
    Tensor r = Tensor.randn(DType.FLOAT64, RandomStream.of(8), N, T, HIDDEN);
    Pass pass = Pass.training();
    pass.watch(x);
    Gradients gradients = pass.backward(layer.forward(x, pass), r, false);
    DoubleSupplier value =
        () -> layer.forward(x, Pass.training().withoutTape()).mul(r).sum().item();
    assertSlopes(x, gradients.of(x), value);
    for (Parameter parameter : layer.parameters()) {
      assertSlopes(parameter.value(), gradients.of(parameter.value()), value);
    }
  }

  @Test
  void eachStepHasStatisticsOfItsOwnUpToTheLast() {
    RecurrentCell cell = cell("RNN", options(true).withMomentum(1));
    Tensor x = sequence();
    new Recurrence(cell, Recurrence.Output.LAST).forward(x, Pass.training());
    Tensor mean = cell.stateDict().get("norm_ih.running_mean");
    Tensor variance = cell.stateDict().get("norm_ih.running_var");
    Tensor weight = cell.stateDict().get("weight_ih");
    assertEquals("(2, 3)", mean.shape().toString());
    // two steps have rows; the third overwrites that of the second
    for (int row = 0; row < 2; row++) {
      int t = row == 0 ? 0 : 2;
      for (int j = 0; j < HIDDEN; j++) {
        double sum = 0;
        double squares = 0;
        for (int n = 0; n < N; n++) {
          double v = weight.at(j, 0) * x.at(n, t, 0) + weight.at(j, 1) * x.at(n, t, 1);
          sum += v;
          squares += v * v;
        }
        assertEquals(sum / N, mean.at(row, j), 1e-13);
        assertEquals((squares - sum * sum / N) / (N - 1), variance.at(row, j), 1e-12);
      }
    }
    Pass inference = Pass.inference();
    Recurrence layer = new Recurrence(cell, Recurrence.Output.LAST);
    Tensor whole = layer.forward(x, inference);
    assertArrayEquals(
        whole.range(0, 1).toDoubles(), layer.forward(x.range(0, 1), inference).toDoubles());
  }

  @Test
  void statesHavePyTorchsNamesAndFirstValues() {
    LSTMCell plain = new LSTMCell(40, 16, RecurrentOptions.defaults(), RandomStream.of(1));
    assertEquals(
        List.of("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
        List.copyOf(plain.stateDict().keySet()));
    assertEquals("(64, 40)", plain.stateDict().get("weight_ih").shape().toString());
    for (Tensor tensor : plain.stateDict().values()) {
      double largest = 0;
      for (double value : tensor.toDoubles()) {
        largest = Math.max(largest, Math.abs(value));
      }
      assertTrue(largest <= 0.25 && largest > 0.2, "bound 1/sqrt(16): " + largest);
    }
    LSTMCell normalised =
        new LSTMCell(4, 2, RecurrentOptions.defaults().withBatchNorm(7), RandomStream.of(1));
    assertEquals(0.1, normalised.stateDict().get("norm_hh.weight").at(7), 1e-8);
    assertEquals(0.1, normalised.stateDict().get("norm_cell.weight").at(1), 1e-8);
    assertEquals(0, normalised.stateDict().get("norm_cell.bias").at(1));
    assertEquals("(7, 8)", normalised.stateDict().get("norm_ih.running_var").shape().toString());
    assertEquals("RNNCell(2, 3)", new RNNCell(2, 3).toString());
    assertEquals("GRUCell(2, 3)", new GRUCell(2, 3).toString());
  }

  @Test
  void shapesThatDoNotFitAreNamed() {
    RNNCell cell = new RNNCell(2, 3);
    assertEquals(
        "RNNCell was built for input (N, 2), but the input has shape (4, 5)",
        assertThrows(ShapeException.class, () -> cell.forward(Tensor.zeros(4, 5), Pass.inference()))
            .getMessage());
    Recurrence layer = new Recurrence(cell, Recurrence.Output.LAST);
    assertEquals(
        "Recurrence expected 3D input (N, T, 2) of at least one step, got shape (4, 0, 2)",
        assertThrows(
                ShapeException.class, () -> layer.forward(Tensor.zeros(4, 0, 2), Pass.inference()))
            .getMessage());
    RecurrentState other = cell.initial(3, Pass.inference());
    assertEquals(
        "RNNCell \"cell\" needs a state of shape (4, 3) for the input (4, 2), got (3, 3)",
        assertThrows(
                ShapeException.class,
                () -> cell.step(Tensor.zeros(4, 2), other, 0, Pass.inference()))
            .getMessage());
  }
}
