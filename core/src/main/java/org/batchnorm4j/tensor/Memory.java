package org.batchnorm4j.tensor;

/**
 * Where results of operations get their memory: the garbage-collected heap, which many threads may
 * use, or an {@link Arena}, which says itself what threads may do with it.
 */
public sealed interface Memory permits HeapMemory, Arena {

  /** Memory that the garbage collector looks after; safe in every way. */
  static Memory heap() {
    return HeapMemory.INSTANCE;
  }

  /** A tensor with unspecified contents, which the caller overwrites whole. */
  Tensor allocate(DType dtype, Shape shape, Layout layout);
}
