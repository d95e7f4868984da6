package org.batchnorm4j.tensor;

/**
 * A range from 0 cut into parts whose sizes differ by at most one.
 *
 * @param total end of the range; at least 1
 * @param count number of parts; at least 1
 */
record Parts(int total, int count) {

  /** At most {@code most} parts, none of them empty. */
  static Parts of(int total, long most) {
    return new Parts(total, Math.clamp(most, 1, total));
  }

  int from(int part) {
    return (int) ((long) total * part / count);
  }

  int size(int part) {
    return from(part + 1) - from(part);
  }
}
