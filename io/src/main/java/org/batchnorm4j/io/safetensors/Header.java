package org.batchnorm4j.io.safetensors;

import java.util.List;
import java.util.Map;

/**
 * A header that was found sound: its tensors fill the data section without hole or overlap.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param entries the tensors in the order of their data
 * @param metadata the texts under {@code __metadata__}, in the order of the file
 */
record Header(List<Entry> entries, Map<String, String> metadata) {
  /** The name in a header that is not a tensor's. */
  static final String METADATA = "__metadata__";

  /** Where the header begins, behind its own length. */
  static final int START = 8;
}
