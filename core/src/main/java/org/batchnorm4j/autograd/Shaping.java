package org.batchnorm4j.autograd;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/** Operations that move values without changing them. */
final class Shaping {
  private Shaping() {}

  static Tensor reshape(Tensor x, Pass pass, long... sizes) {
    Tensor y = channelsFirst(x, pass).reshape(sizes);
    return pass.record("reshape", y, new Edge(x, (g, p) -> p.reshape(g, x.shape().toArray())));
  }

  /**
   * The tensor in the order of its shape; a copy in the memory of the pass where that is not so.
   */
  private static Tensor channelsFirst(Tensor x, Pass pass) {
    if (x.layout() == Layout.CHANNELS_FIRST) {
      return x;
    }
    return pass.backend().permute(x, IntStream.range(0, x.rank()).toArray());
  }

  static Tensor permute(Tensor x, Pass pass, int... order) {
    int[] inverse = new int[order.length];
    Tensor y = pass.backend().permute(x, order);
    for (int i = 0; i < order.length; i++) {
      inverse[x.shape().checkedAxis(order[i])] = i;
    }
    return pass.record("permute", y, new Edge(x, (g, p) -> p.permute(g, inverse)));
  }

  /** Samples {@code from} to {@code to}, which share memory with x. */
  static Tensor range(Tensor x, int from, int to, Pass pass) {
    return pass.record(
        "range", x.range(from, to), new Edge(x, (g, p) -> among(g, from, x.axis(0), p)));
  }

  private static Tensor among(Tensor g, int from, int rows, Pass pass) {
    int behind = rows - from - g.axis(0);
    Tensor before = pass.filled(0, g.dtype(), g.shape().with(0, from));
    Tensor after = pass.filled(0, g.dtype(), g.shape().with(0, behind));
    return concatenate(List.of(before, g, after), pass);
  }

  /** The samples of several tensors, one after the other, in the layout of the first. */
  static Tensor concatenate(List<Tensor> parts, Pass pass) {
    Tensor first = parts.getFirst();
    int rows = parts.stream().mapToInt(part -> part.axis(0)).sum();
    Tensor y =
        pass.backend()
            .memory()
            .allocate(first.dtype(), first.shape().with(0, rows), first.layout());
    Edge[] edges = new Edge[parts.size()];
    int at = 0;
    for (int i = 0; i < edges.length; i++) {
      Tensor part = parts.get(i);
      int from = at;
      int to = at + part.axis(0);
      y.range(from, to).copyFrom(part);
      edges[i] = new Edge(part, (g, p) -> range(g, from, to, p));
      at = to;
    }
    return pass.record("concatenate", y, edges);
  }

  static Tensor expand(Tensor x, Shape shape, Pass pass) {
    if (x.shape().equals(shape)) {
      return x;
    }
    return pass.record(
        "expand", pass.backend().expand(x, shape), new Edge(x, (g, p) -> sumTo(g, x.shape(), p)));
  }

  /** Sums over what broadcasting repeated, so that the result has {@code shape}. */
  static Tensor sumTo(Tensor g, Shape shape, Pass pass) {
    if (g.shape().equals(shape)) {
      return g;
    }
    int extra = g.rank() - shape.rank();
    int[] axes = new int[g.rank()];
    int count = 0;
    for (int axis = 0; axis < g.rank(); axis++) {
      if (axis < extra || (shape.axis(axis - extra) == 1 && g.axis(axis) != 1)) {
        axes[count++] = axis;
      }
    }
    Tensor summed = count == 0 ? g : Reductions.sum(g, Arrays.copyOf(axes, count), true, pass);
    return pass.reshape(summed, shape.toArray());
  }
}
