package org.batchnorm4j.io.safetensors;

import org.batchnorm4j.tensor.Shape;

/**
 * What a header says about one tensor.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param name the tensor's name
 * @param type its element type
 * @param shape its sizes
 * @param begin where its values begin in the data section
 * @param end where they end in the data section, exclusive
 */
record Entry(String name, StoredType type, Shape shape, long begin, long end) {}
