package org.batchnorm4j.tensor;

/** Fresh arrays from the heap. */
enum HeapMemory implements Memory {
  INSTANCE;

  @Override
  public Tensor allocate(DType dtype, Shape shape, Layout layout) {
    return new Tensor(Storage.allocate(dtype, (int) shape.size()), 0, dtype, shape, layout, null);
  }
}
