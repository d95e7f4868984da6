package org.batchnorm4j.benchmarks.comparison;

import java.util.ArrayList;
import java.util.List;

/**
 * A shape (N, C, H, W) of the work list. Immutable; safe for use by many threads.
 *
 * @param batch N
 * @param channels C
 * @param height H
 * @param width W
 */
public record Planes(int batch, int channels, int height, int width) {

  /** benchdnn's shapes_topologies_small, at its batch. */
  static List<Planes> topologiesSmall() {
    return List.of(
        new Planes(50, 64, 112, 112),
        new Planes(50, 256, 56, 56),
        new Planes(50, 128, 28, 28),
        new Planes(50, 1024, 14, 14),
        new Planes(50, 512, 7, 7),
        new Planes(96, 224, 14, 14),
        new Planes(96, 320, 7, 7),
        new Planes(96, 64, 147, 147),
        new Planes(96, 80, 73, 73),
        new Planes(96, 96, 35, 35),
        new Planes(96, 160, 17, 17),
        new Planes(96, 384, 8, 8));
  }

  /** benchdnn's shapes_resnet_50, those that topologies_small has not. */
  private static List<Planes> resnet50Only() {
    return List.of(
        new Planes(50, 64, 56, 56),
        new Planes(50, 512, 28, 28),
        new Planes(50, 256, 14, 14),
        new Planes(50, 2048, 7, 7));
  }

  /** Both lists. */
  static List<Planes> all() {
    List<Planes> all = new ArrayList<>(topologiesSmall());
    all.addAll(resnet50Only());
    return List.copyOf(all);
  }

  /** The same with as many samples less as float32 values in so many bytes demand. */
  Planes within(long bytes) {
    long sample = 4L * channels * height * width;
    int fitting = (int) Math.max(1, bytes / sample);
    return fitting >= batch ? this : new Planes(fitting, channels, height, width);
  }

  /** Number of values. */
  public int size() {
    return Math.multiplyExact(Math.multiplyExact(batch, channels), plane());
  }

  /** Values in a plane. */
  public int plane() {
    return height * width;
  }

  /** Values of each channel. */
  public int perChannel() {
    return batch * plane();
  }

  /** Bytes of a float32 tensor. */
  long bytes() {
    return 4L * size();
  }

  /** The axes. */
  public long[] axes() {
    return new long[] {batch, channels, height, width};
  }

  @Override
  public String toString() {
    return batch + "x" + channels + "x" + height + "x" + width;
  }
}
