package org.batchnorm4j.tensor;

import org.jspecify.annotations.Nullable;

/**
 * One pass of a reduction over a tensor: every kept position gets the sum of its values, or of
 * their squared distances from a centre. Work is cut into units of about {@link #BLOCK} values:
 * blocks of runs where neighbours in storage go into the same sum, blocks of rows where they do
 * not.
 */
final class Summation {
  private static final int BLOCK = 1 << 15;
  private static final int COLUMNS = 256; // their sums stay in the first cache

  private final Tensor x;
  private final ReducedAxes axes;
  private final double @Nullable [] centres;
  private final int length; // of a run or a row
  private final int outer; // kept positions outside of the innermost axis
  private final int sources; // runs or rows that go into one sum
  private final int outputs;

  Summation(Tensor x, ReducedAxes axes, double @Nullable [] centres) {
    this.x = x;
    this.axes = axes;
    this.centres = centres;
    length = axes.innermost();
    outer = axes.outerCount(false);
    sources = axes.outerCount(true);
    outputs = axes.innermostIsReduced() ? outer : outer * length;
  }

  /** The sums, in storage order of the kept axes. */
  double[] run(Workers workers) {
    if (x.size() == 0) {
      return new double[outputs];
    }
    return axes.innermostIsReduced() ? runs(workers) : rows(workers);
  }

  private double[] runs(Workers workers) {
    int pieces = (length + BLOCK - 1) / BLOCK;
    int piece = Math.min(length, BLOCK);
    int perBlock = BLOCK / piece; // 1 if a run is cut into pieces
    int blocks = pieces > 1 ? sources * pieces : (sources + perBlock - 1) / perBlock;
    double[] partial = new double[outputs * blocks];
    int unit = Math.min(sources, perBlock) * piece;
    inGroups(
        workers,
        partial.length,
        unit,
        index -> {
          int output = index / blocks;
          int block = index % blocks;
          int base = x.offset() + axes.outerPosition(false, output);
          double total = 0;
          if (pieces > 1) {
            int from = block % pieces * piece;
            int start = base + axes.outerPosition(true, block / pieces) + from;
            total = runSum(start, Math.min(piece, length - from), output);
          } else {
            int to = Math.min(sources, (block + 1) * perBlock);
            for (int s = block * perBlock; s < to; s++) {
              total += runSum(base + axes.outerPosition(true, s), length, output);
            }
          }
          partial[block * outputs + output] = total;
        });
    return merged(partial);
  }

  private double runSum(int from, int count, int output) {
    if (x.storage() instanceof Storage.Floats floats) {
      return centres == null
          ? SumLoops.run(floats.array(), from, count)
          : SumLoops.squares(floats.array(), from, count, centres[output]);
    }
    double[] array = x.unsafeDoubleArray();
    return centres == null
        ? SumLoops.run(array, from, count)
        : SumLoops.squares(array, from, count, centres[output]);
  }

  private double[] rows(Workers workers) {
    int tile = Math.min(length, COLUMNS);
    int tiles = (length + tile - 1) / tile;
    int perBlock = Math.max(1, BLOCK / tile);
    int blocks = (sources + perBlock - 1) / perBlock;
    double[] partial = new double[outputs * blocks];
    inGroups(
        workers,
        outer * tiles * blocks,
        Math.min(sources, perBlock) * tile,
        index -> {
          int block = index / (outer * tiles);
          int position = index / tiles % outer;
          int column = index % tiles * tile;
          int width = Math.min(tile, length - column);
          int base = x.offset() + axes.outerPosition(false, position) + column;
          int output = position * length + column;
          int to = Math.min(sources, (block + 1) * perBlock);
          for (int s = block * perBlock; s < to; s++) {
            addRow(base + axes.outerPosition(true, s), width, output, partial, block * outputs);
          }
        });
    return merged(partial);
  }

  private void addRow(int from, int width, int output, double[] partial, int block) {
    int at = block + output;
    if (x.storage() instanceof Storage.Floats floats) {
      if (centres == null) {
        SumLoops.row(floats.array(), from, width, partial, at);
      } else {
        SumLoops.rowSquares(floats.array(), from, width, centres, output, partial, at);
      }
    } else if (centres == null) {
      SumLoops.row(x.unsafeDoubleArray(), from, width, partial, at);
    } else {
      SumLoops.rowSquares(x.unsafeDoubleArray(), from, width, centres, output, partial, at);
    }
  }

  private interface Unit {
    void run(int index);
  }

  /** Small units share a task. */
  private static void inGroups(Workers workers, int units, int valuesPerUnit, Unit unit) {
    int perTask = Math.max(1, BLOCK / valuesPerUnit);
    workers.run(
        (int) (((long) units + perTask - 1) / perTask),
        task -> {
          int to = (int) Math.min(units, (task + 1L) * perTask);
          for (int index = task * perTask; index < to; index++) {
            unit.run(index);
          }
        });
  }

  private double[] merged(double[] partial) {
    if (partial.length == outputs) {
      return partial;
    }
    double[] sums = new double[outputs];
    for (int from = 0; from < partial.length; from += outputs) {
      for (int i = 0; i < outputs; i++) {
        sums[i] += partial[from + i];
      }
    }
    return sums;
  }
}
