package org.batchnorm4j.tensor;

/**
 * How a tensor's values lie in memory. Shapes read (N, C, spatial...) in both; only the order of
 * storage differs. Tensors of rank below 3 have one layout, {@link #CHANNELS_FIRST}. Immutable and
 * safe for use by many threads.
 */
public enum Layout {
  /** Row-major in the order of the shape: N, C, D, H, W. */
  CHANNELS_FIRST,
  /** The channel axis varies fastest: N, D, H, W, C. */
  CHANNELS_LAST
}
