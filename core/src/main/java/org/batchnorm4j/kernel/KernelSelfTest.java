package org.batchnorm4j.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Compares every kernel of a candidate with its scalar twin on a small block, in every bit. The
 * block reaches each path of a vector loop: full steps, parts of a step and a rest, at odd offsets.
 */
final class KernelSelfTest {
  private static final int COUNT = 2; // runs
  private static final int ROWS = 11; // 8 + 3, 2 * 4 + 3 and 3 * 3 + 2: a group and what is left
  private static final int LENGTH = 61; // of a run or a row: 3 * 16 + 8 + 5
  private static final int STRIDE = 64;
  private static final int SIZE = 1 + ROWS * STRIDE;

  /** Everything a kernel may write to. */
  private record Outputs(float[] values, short[] halves, double[] sums, double[] moreSums) {
    Outputs() {
      this(new float[SIZE], new short[SIZE], new double[SIZE], new double[SIZE]);
    }

    boolean sameAs(Outputs other) {
      return Arrays.equals(values, other.values)
          && Arrays.equals(halves, other.halves)
          && Arrays.equals(sums, other.sums)
          && Arrays.equals(moreSums, other.moreSums);
    }
  }

  private interface Call {
    void on(CpuKernels kernels, Outputs out);
  }

  private record Probe(String kernel, Call call) {}

  private KernelSelfTest() {}

  /**
   * The name of the first kernel whose result differs from {@link ScalarKernels}; empty if none
   * does.
   */
  static Optional<String> firstDifference(CpuKernels candidate) {
    CpuKernels scalar = new ScalarKernels();
    List<List<Probe>> all = List.of(probes(), halfProbes(), winogradProbes(), bfloat16Probes());
    for (Probe probe : all.stream().flatMap(List::stream).toList()) {
      Outputs expected = new Outputs();
      Outputs actual = new Outputs();
      probe.call.on(scalar, expected);
      probe.call.on(candidate, actual);
      if (!actual.sameAs(expected)) {
        return Optional.of(probe.kernel);
      }
    }
    return Optional.empty();
  }

  private static List<Probe> probes() {
    float[] x = wave(0.37f, 2.5f);
    float[] g = wave(1.91f, -0.25f);
    return List.of(
        new Probe(
            "runMomentSums",
            (k, out) -> k.runMomentSums(x, 1, COUNT, LENGTH, g, 1, out.sums, out.moreSums, 1)),
        new Probe("standardiseRuns", (k, out) -> standardiseRuns(k, x, g, out, false)),
        new Probe("standardiseRuns with ReLU", (k, out) -> standardiseRuns(k, x, g, out, true)),
        new Probe(
            "standardiseRunsAddRelu",
            (k, out) ->
                k.standardiseRunsAddRelu(x, 1, g, 0, out.values, 0, COUNT, LENGTH, x, g, x, 1)),
        new Probe(
            "gateRuns", (k, out) -> k.gateRuns(g, 1, x, 0, out.values, 0, ROWS, STRIDE, LENGTH)),
        new Probe(
            "runGradientSums",
            (k, out) ->
                k.runGradientSums(x, 1, g, 0, COUNT, LENGTH, x, 1, out.sums, out.moreSums, 1)),
        new Probe(
            "gatedRunGradientSums",
            (k, out) ->
                k.gatedRunGradientSums(
                    x,
                    1,
                    g,
                    1,
                    x,
                    0,
                    out.values,
                    0,
                    COUNT,
                    LENGTH,
                    x,
                    1,
                    out.sums,
                    out.moreSums,
                    1)),
        new Probe(
            "runGradientSumsRelu",
            (k, out) ->
                k.runGradientSumsRelu(
                    x, 1, g, 0, COUNT, LENGTH, x, g, x, 1, out.sums, out.moreSums, 1)),
        new Probe(
            "runInputGradient",
            (k, out) ->
                k.runInputGradient(x, 1, g, 0, out.values, 1, COUNT, LENGTH, x, g, x, g, 1)),
        new Probe(
            "runInputGradientRelu",
            (k, out) ->
                k.runInputGradientRelu(
                    x, 1, g, 0, out.values, 1, COUNT, LENGTH, x, g, x, g, x, g, 1)),
        new Probe(
            "rowMomentSums",
            (k, out) -> k.rowMomentSums(x, 1, ROWS, STRIDE, LENGTH, g, out.sums, out.moreSums, 1)),
        new Probe("standardiseRows", (k, out) -> standardiseRows(k, x, g, out, false)),
        new Probe("standardiseRows with ReLU", (k, out) -> standardiseRows(k, x, g, out, true)),
        new Probe(
            "standardiseRowsAddRelu",
            (k, out) ->
                k.standardiseRowsAddRelu(
                    x, 1, g, 0, out.values, 0, ROWS, STRIDE, LENGTH, x, g, x, 1)),
        new Probe(
            "rowGradientSums",
            (k, out) ->
                k.rowGradientSums(x, 1, g, 0, ROWS, STRIDE, LENGTH, x, out.sums, out.moreSums, 1)),
        new Probe(
            "rowGradientSumsRelu",
            (k, out) ->
                k.rowGradientSumsRelu(
                    x, 1, g, 0, ROWS, STRIDE, LENGTH, x, g, x, out.sums, out.moreSums, 1)),
        new Probe(
            "rowInputGradient",
            (k, out) ->
                k.rowInputGradient(x, 1, g, 0, out.values, 1, ROWS, STRIDE, LENGTH, x, g, x, g, 1)),
        new Probe(
            "rowInputGradientRelu",
            (k, out) ->
                k.rowInputGradientRelu(
                    x, 1, g, 0, out.values, 1, ROWS, STRIDE, LENGTH, x, g, x, g, x, g, 1)));
  }

  private static List<Probe> halfProbes() {
    float[] values = new float[SIZE]; // subnormal, ordinary, and too large for float16
    short[] halves = new short[SIZE];
    for (int i = 0; i < SIZE; i++) {
      values[i] = (float) Math.scalb(StrictMath.sin(i * 0.37), i % 48 - 28);
      halves[i] = Float.floatToFloat16(values[i]);
    }
    return List.of(
        new Probe(
            "widenFloat16",
            (k, out) -> k.widenFloat16(halves, 1, ROWS, STRIDE, LENGTH, out.values, 1)),
        new Probe(
            "narrowFloat16",
            (k, out) -> k.narrowFloat16(values, 1, out.halves, 1, ROWS, STRIDE, LENGTH)),
        new Probe(
            "widenBfloat16",
            (k, out) -> k.widenBfloat16(halves, 1, ROWS, STRIDE, LENGTH, out.values, 1)),
        new Probe(
            "narrowBfloat16",
            (k, out) -> k.narrowBfloat16(values, 1, out.halves, 1, ROWS, STRIDE, LENGTH)));
  }

  private static List<Probe> winogradProbes() {
    int length = 25; // 16 + 8 + 1
    int apart = 27;
    int odd = length + 2;
    int line = 2 * odd;
    float[] x = wave(0.71f, 0.5f);
    return List.of(
        new Probe(
            "winograd input",
            (k, out) -> k.winograd().input(x, 1, line, odd, 2, length, out.values, 1, apart)),
        new Probe(
            "winograd output",
            (k, out) -> k.winograd().output(x, 1, apart, length, 0.3f, out.values, 0, apart)),
        new Probe(
            "winograd outputGradient",
            (k, out) -> k.winograd().outputGradient(x, 1, apart, length, out.values, 0, apart)),
        new Probe(
            "winograd kernel",
            (k, out) -> k.winograd().kernel(x, 1, apart, length, out.values, 0, apart)),
        new Probe(
            "winograd kernelGradient",
            (k, out) -> k.winograd().kernelGradient(x, 1, apart, length, out.values, 0, apart)));
  }

  /** Kernels without bfloat16 of their own are compared with themselves. */
  private static Bfloat16Kernels bfloat16(CpuKernels kernels) {
    return kernels.bfloat16().orElseGet(() -> new WidenedBfloat16Kernels(kernels));
  }

  private static List<Probe> bfloat16Probes() {
    return Stream.of(false, true)
        .flatMap(relu -> bfloat16Probes(relu, relu ? " with ReLU" : "").stream())
        .toList();
  }

  private static List<Probe> bfloat16Probes(boolean relu, String end) {
    int columns = 56; // 3 * 16 + 8
    float[] f = wave(0.37f, 0.5f);
    short[] x = halves(f);
    short[] g = halves(wave(1.91f, -0.25f));
    return List.of(
        new Probe(
            "bfloat16 runMomentSums",
            (k, out) ->
                bfloat16(k).runMomentSums(x, 1, COUNT, LENGTH, f, 1, out.sums, out.moreSums, 1)),
        new Probe(
            "bfloat16 standardiseRuns" + end,
            (k, out) ->
                bfloat16(k).standardiseRuns(x, 1, out.halves, 0, COUNT, LENGTH, f, f, f, 1, relu)),
        new Probe(
            "bfloat16 runGradientSums" + end,
            (k, out) ->
                bfloat16(k)
                    .runGradientSums(
                        x, 1, g, 0, COUNT, LENGTH, f, f, f, 1, relu, out.sums, out.moreSums, 1)),
        new Probe(
            "bfloat16 runInputGradient" + end,
            (k, out) ->
                bfloat16(k)
                    .runInputGradient(
                        x, 1, g, 0, out.halves, 1, COUNT, LENGTH, f, f, f, f, f, f, 1, relu)),
        new Probe(
            "bfloat16 rowMomentSums",
            (k, out) ->
                bfloat16(k)
                    .rowMomentSums(x, 1, ROWS, STRIDE, columns, f, out.sums, out.moreSums, 1)),
        new Probe(
            "bfloat16 standardiseRows" + end,
            (k, out) ->
                bfloat16(k)
                    .standardiseRows(x, 1, out.halves, 0, ROWS, STRIDE, columns, f, f, f, 1, relu)),
        new Probe(
            "bfloat16 rowGradientSums" + end,
            (k, out) ->
                bfloat16(k)
                    .rowGradientSums(
                        x,
                        1,
                        g,
                        0,
                        ROWS,
                        STRIDE,
                        columns,
                        f,
                        f,
                        f,
                        relu,
                        out.sums,
                        out.moreSums,
                        1)),
        new Probe(
            "bfloat16 rowInputGradient" + end,
            (k, out) ->
                bfloat16(k)
                    .rowInputGradient(
                        x,
                        1,
                        g,
                        0,
                        out.halves,
                        1,
                        ROWS,
                        STRIDE,
                        columns,
                        f,
                        f,
                        f,
                        f,
                        f,
                        f,
                        1,
                        relu)));
  }

  private static short[] halves(float[] values) {
    short[] halves = new short[values.length];
    new ScalarKernels().narrowBfloat16(values, 0, halves, 0, 1, 0, values.length);
    return halves;
  }

  private static float[] wave(float step, float offset) {
    float[] values = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      values[i] = (float) StrictMath.sin(i * step) + offset;
    }
    return values;
  }

  private static void standardiseRuns(
      CpuKernels k, float[] x, float[] g, Outputs out, boolean relu) {
    k.standardiseRuns(x, 1, out.values, 0, COUNT, LENGTH, x, g, x, 1, relu);
  }

  private static void standardiseRows(
      CpuKernels k, float[] x, float[] g, Outputs out, boolean relu) {
    k.standardiseRows(x, 1, out.values, 0, ROWS, STRIDE, LENGTH, x, g, x, 1, relu);
  }
}
