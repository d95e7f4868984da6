package org.batchnorm4j.tensor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Memory for one training step. Tensors made in an arena are valid until {@link #close}, or until
 * {@link #release} hands them back earlier; using one afterwards throws {@link
 * IllegalStateException}, and {@link Tensor#detach} copies a value out in time. Not safe for use by
 * many threads: allocate from the thread that drives the pass.
 */
public final class Arena implements Memory, AutoCloseable {

  /** Memory of one tensor and its views. */
  static final class Loan {
    private final Arena arena;
    private final DType dtype;
    private final Storage storage;
    private final int number;
    private boolean returned;

    private Loan(Arena arena, DType dtype, Storage storage, int number) {
      this.arena = arena;
      this.dtype = dtype;
      this.storage = storage;
      this.number = number;
    }

    void checkUsable() {
      arena.checkOpen();
      if (returned) {
        throw new IllegalStateException(
            "the memory of this tensor was handed back to its arena and is in use elsewhere, as"
                + " that of gradients between operations is during backward; call detach() or"
                + " toFloats() before to keep a value");
      }
    }
  }

  private final BufferPool pool;
  private final List<@Nullable Loan> loans = new ArrayList<>();
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
    Loan loan = new Loan(this, dtype, storage, loans.size());
    loans.add(loan);
    return new Tensor(storage, 0, dtype, shape, layout, loan);
  }

  /** Number of tensors made so far: those made from now on are not older than this mark. */
  public int mark() {
    return loans.size();
  }

  /**
   * Hands the memory of a tensor back before the arena closes, if the tensor was made here since a
   * mark; does nothing otherwise, or if that was done before. The tensor and its views must not be
   * used any more, and throw if they are.
   *
   * @param since what {@link #mark} returned
   */
  public void release(Tensor tensor, int since) {
    Loan loan = tensor.loan();
    if (loan != null && loan.arena == this && loan.number >= since && !loan.returned && !closed) {
      loan.returned = true;
      loans.set(loan.number, null);
      pool.giveBack(loan.dtype, loan.storage);
    }
  }

  private void checkOpen() {
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
        if (loan != null) {
          pool.giveBack(loan.dtype, loan.storage);
        }
      }
      loans.clear();
    }
  }
}
