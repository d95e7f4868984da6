package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A shape (N, C, ...) of a work list. Immutable; safe for use by many threads.
 *
 * @param batch N
 * @param channels C
 * @param spatial the axes behind, none to three
 */
public record Planes(int batch, int channels, List<Integer> spatial) {

  /** Keeps a copy of the axes. */
  public Planes {
    spatial = List.copyOf(spatial);
  }

  /** A shape (N, C, ...). */
  public Planes(int batch, int channels, int... spatial) {
    this(batch, channels, Arrays.stream(spatial).boxed().toList());
  }

  /** A shape written as {@code 50x64x112x112}. */
  static Planes of(String text) {
    List<Integer> axes =
        new ArrayList<>(Arrays.stream(text.split("x")).map(Integer::valueOf).toList());
    return new Planes(axes.removeFirst(), axes.removeFirst(), axes);
  }

  /** The same with as many samples less as float32 values in so many bytes demand. */
  Planes within(long bytes) {
    long sample = 4L * channels * plane();
    int fitting = (int) Math.max(1, bytes / sample);
    return fitting >= batch ? this : new Planes(fitting, channels, spatial);
  }

  /** Number of values. */
  public int size() {
    return Math.multiplyExact(Math.multiplyExact(batch, channels), plane());
  }

  /** Values in a plane. */
  public int plane() {
    return spatial.stream().reduce(1, Math::multiplyExact);
  }

  /** Values of each channel. */
  public int perChannel() {
    return batch * plane();
  }

  /** The axes. */
  public long[] axes() {
    long[] axes = new long[2 + spatial.size()];
    axes[0] = batch;
    axes[1] = channels;
    for (int i = 2; i < axes.length; i++) {
      axes[i] = spatial.get(i - 2);
    }
    return axes;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(batch + "x" + channels);
    spatial.forEach(axis -> text.append('x').append(axis));
    return text.toString();
  }
}
