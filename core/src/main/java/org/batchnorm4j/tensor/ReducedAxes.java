package org.batchnorm4j.tensor;

import java.util.Arrays;

/**
 * The axes of a tensor in the order of storage, sorted into those that a reduction sums over and
 * those it keeps. Neighbours of the same kind are joined, so that few and long runs are left.
 */
final class ReducedAxes {
  private final int rank;
  private final int[] sizes; // from the slowest in storage to the fastest
  private final int[] strides;
  private final boolean[] reduced; // alternates

  ReducedAxes(Tensor x, boolean[] which) {
    int[] s = new int[x.rank()];
    int[] t = new int[x.rank()];
    boolean[] r = new boolean[x.rank()];
    int[] own = Strides.of(x).values();
    int count = 0;
    for (int axis : Strides.storageOrder(x.rank(), x.layout())) {
      if (x.axis(axis) == 1) {
        continue;
      }
      if (count > 0 && r[count - 1] == which[axis]) {
        s[count - 1] *=
            x.axis(axis); // storage is dense: the outer stride is inner stride times size
      } else {
        s[count] = x.axis(axis);
        r[count++] = which[axis];
      }
      t[count - 1] = own[axis];
    }
    rank = count;
    sizes = Arrays.copyOf(s, count);
    strides = Arrays.copyOf(t, count);
    reduced = Arrays.copyOf(r, count);
  }

  /** Whether neighbours in storage go into the same sum. */
  boolean innermostIsReduced() {
    return rank == 0 || reduced[rank - 1];
  }

  /** Number of neighbours in storage that are treated alike. */
  int innermost() {
    return rank == 0 ? 1 : sizes[rank - 1];
  }

  /** Number of positions along the axes of one kind, the innermost left out. */
  int outerCount(boolean which) {
    int product = 1;
    for (int i = 0; i < rank - 1; i++) {
      product *= reduced[i] == which ? sizes[i] : 1;
    }
    return product;
  }

  /** Where in storage, relative to the first element, one of those positions lies. */
  int outerPosition(boolean which, int index) {
    int rest = index;
    int position = 0;
    for (int i = rank - 2; i >= 0; i--) {
      if (reduced[i] == which) {
        position += rest % sizes[i] * strides[i];
        rest /= sizes[i];
      }
    }
    return position;
  }
}
