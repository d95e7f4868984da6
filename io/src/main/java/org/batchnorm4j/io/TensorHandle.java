package org.batchnorm4j.io;

import java.io.IOException;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;

/**
 * A named tensor in a file: its facts are known, its values are read when asked for.
 *
 * <p>Implementations are immutable and safe for use by several threads.
 */
public interface TensorHandle {

  /** Returns the name under which the file holds the tensor. */
  String name();

  /** Returns the shape. */
  Shape shape();

  /** Returns the element type as the file's format spells it, such as {@code "F32"}. */
  String storedType();

  /**
   * Returns the element type that {@link #read()} gives.
   *
   * @throws FormatException if this library has no such type
   */
  DType dtype() throws FormatException;

  /**
   * Reads the values into a new tensor, channels first.
   *
   * @throws FormatException if this library has no such type, or the bytes are no values of it
   * @throws ReadLimitException if the tensor is larger than the file's {@link ReadLimits} allow
   * @throws java.nio.channels.ClosedChannelException if the file was closed
   */
  Tensor read() throws IOException;
}
