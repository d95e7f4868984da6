package org.batchnorm4j.autograd;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Memory;
import org.batchnorm4j.tensor.Tensor;

/**
 * Adds up the gradients of shards or micro-batches in float64, in the order in which they come, and
 * rounds each sum once. Where a tensor has no gradient, it counts as 0. Not safe for use by many
 * threads.
 *
 * <p>Gradients that are all at hand are best added by {@link #of}, which takes no memory but that
 * of the result. Where they come one after the other, float64 sums are kept until the end.
 */
public final class GradientTotal {
  private static final int CHUNK = 1024;

  /** What added to any number, 0 of either sign included, gives that number. */
  private static final double NOTHING = -0.0;

  private final Memory memory;
  private final IdentityHashMap<Tensor, Tensor> sums = new IdentityHashMap<>();

  /** A sum of nothing, on the heap. */
  public GradientTotal() {
    this(Memory.heap());
  }

  /**
   * A sum of nothing.
   *
   * @param memory where sums and the result lie; with an arena, use them before it closes
   */
  public GradientTotal(Memory memory) {
    this.memory = memory;
  }

  /** The sum of several gradients, on the heap. */
  public static Gradients of(List<Gradients> parts) {
    return of(parts, Memory.heap());
  }

  /**
   * The sum of several gradients.
   *
   * @param memory where it lies; with an arena, use it before that closes
   */
  public static Gradients of(List<Gradients> parts, Memory memory) {
    IdentityHashMap<Tensor, Tensor> totals = new IdentityHashMap<>();
    double[] chunk = new double[CHUNK];
    for (Gradients part : parts) {
      part.forEach(
          (watched, gradient) ->
              totals.computeIfAbsent(watched, t -> total(t, parts, chunk, memory)));
    }
    return new Gradients(totals);
  }

  private static Tensor total(
      Tensor watched, List<Gradients> parts, double[] chunk, Memory memory) {
    List<Tensor> terms = parts.stream().flatMap(part -> part.find(watched).stream()).toList();
    Tensor total = memory.allocate(watched.dtype(), watched.shape(), Layout.CHANNELS_FIRST);
    int size = total.size();
    double[] sums = total.dtype().computes() ? chunk : new double[size];
    for (int from = 0; from < size; from += sums.length) {
      int length = Math.min(sums.length, size - from);
      Arrays.fill(sums, 0, length, NOTHING);
      for (Tensor term : terms) {
        add(term, from, sums, length);
      }
      store(sums, total, from, length);
    }
    return total;
  }

  /** Adds the gradients of one part; they are not needed afterwards. */
  public void add(Gradients part) {
    part.forEach(
        (watched, gradient) ->
            add(
                gradient,
                0,
                sums.computeIfAbsent(watched, this::empty).unsafeDoubleArray(),
                gradient.size()));
  }

  private Tensor empty(Tensor watched) {
    return memory.allocate(DType.FLOAT64, watched.shape(), Layout.CHANNELS_FIRST).fill(NOTHING);
  }

  /** The sums, as tensors of their own in the types of what they are the gradients of. */
  public Gradients gradients() {
    IdentityHashMap<Tensor, Tensor> rounded = new IdentityHashMap<>();
    sums.forEach(
        (watched, sum) -> {
          Tensor total = memory.allocate(watched.dtype(), watched.shape(), Layout.CHANNELS_FIRST);
          store(sum.unsafeDoubleArray(), total, 0, total.size());
          rounded.put(watched, total);
        });
    return new Gradients(rounded);
  }

  /** Adds values of a gradient, in row-major order, to the first sums. */
  private static void add(Tensor gradient, int from, double[] sums, int length) {
    Tensor rows = gradient.to(Layout.CHANNELS_FIRST);
    int at = rows.offset() + from;
    switch (rows.dtype()) {
      case FLOAT32 -> {
        float[] values = rows.unsafeFloatArray();
        for (int i = 0; i < length; i++) {
          sums[i] += values[at + i];
        }
      }
      case FLOAT64 -> {
        double[] values = rows.unsafeDoubleArray();
        for (int i = 0; i < length; i++) {
          sums[i] += values[at + i];
        }
      }
      case FLOAT16, BFLOAT16, INT64, INT32, UINT8, BOOL -> {
        double[] values = rows.toDoubles();
        for (int i = 0; i < length; i++) {
          sums[i] += values[from + i];
        }
      }
    }
  }

  /** Rounds the first sums into values of a total in row-major order. */
  private static void store(double[] sums, Tensor total, int from, int length) {
    switch (total.dtype()) {
      case FLOAT32 -> {
        float[] values = total.unsafeFloatArray();
        for (int i = 0; i < length; i++) {
          values[from + i] = (float) sums[i];
        }
      }
      case FLOAT64 -> System.arraycopy(sums, 0, total.unsafeDoubleArray(), from, length);
      case FLOAT16, BFLOAT16, INT64, INT32, UINT8, BOOL ->
          total.copyFrom(Tensor.of(sums, total.shape().toArray())); // halves come whole
    }
  }
}
