package org.batchnorm4j.tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * Memory for one training step. Tensors made in an arena are valid until {@link #close}; using one
 * afterwards throws {@link IllegalStateException}, and {@link Tensor#detach} copies a value out in
 * time. Not safe for use by many threads: allocate from the thread that drives the pass.
 */
public final class Arena implements Memory, AutoCloseable {
  private record Loan(DType dtype, Storage storage) {}

  private final BufferPool pool;
  private final List<Loan> loans = new ArrayList<>();
  private boolean closed;

  Arena(BufferPool pool) {
    this.pool = pool;
  }

  /**
   * A tensor whose memory goes back to the pool at close.
   *
   * @throws IllegalStateException if the arena is closed
   */
  @Override
  public Tensor allocate(DType dtype, Shape shape, Layout layout) {
    checkOpen();
    Storage storage = pool.take(dtype, (int) shape.size());
    loans.add(new Loan(dtype, storage));
    return new Tensor(storage, 0, dtype, shape, layout, this);
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException(
          "the arena of this tensor is closed and its memory is in use elsewhere; call detach() or"
              + " toFloats() before the arena closes to keep a value");
    }
  }

  /** Hands all memory back to the pool; a second call does nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      for (Loan loan : loans) {
        pool.giveBack(loan.dtype(), loan.storage());
      }
      loans.clear();
    }
  }
}
