package org.batchnorm4j.nn.deploy;

import org.batchnorm4j.tensor.Tensor;

/**
 * Which output channel each element of a layer's weight works for. Immutable.
 *
 * @param count number of output channels
 * @param perGroup how many of them take turns from row to row in a group
 * @param rows number of rows in a group
 * @param length number of elements in a row, which are all for one channel
 */
record OutputChannels(int count, int perGroup, int rows, int length) {

  /** Of a weight (out, ...): one row for each channel. */
  static OutputChannels first(Tensor weight) {
    int count = weight.axis(0);
    return new OutputChannels(count, 1, 1, weight.size() / count);
  }

  /**
   * Of a transposed convolution's weight (in, out / groups, Kh, Kw): its second axis counts within
   * the group of the input channel, so the first {@code in / groups} input channels share the first
   * {@code out / groups} output channels.
   */
  static OutputChannels second(Tensor weight, int groups) {
    int perGroup = weight.axis(1);
    int length = weight.size() / (weight.axis(0) * perGroup);
    return new OutputChannels(
        perGroup * groups, perGroup, weight.axis(0) / groups * perGroup, length);
  }

  /** The channel of an element of the weight, in the order of the storage. */
  int of(int element) {
    int row = element / length;
    return row / rows * perGroup + row % perGroup;
  }
}
