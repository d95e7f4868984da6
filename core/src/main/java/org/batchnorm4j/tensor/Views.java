package org.batchnorm4j.tensor;

/** Tensors that share the memory of another one. */
final class Views {
  private Views() {}

  static Tensor reshape(Tensor tensor, long... sizes) {
    Tensor first = tensor.to(Layout.CHANNELS_FIRST);
    Shape shape = Strides.resolve(tensor.shape(), sizes);
    return new Tensor(
        first.storage(), first.offset(), first.dtype(), shape, Layout.CHANNELS_FIRST, first.loan());
  }

  static Tensor range(Tensor tensor, int from, int to) {
    if (tensor.rank() == 0) {
      throw new ShapeException("a scalar has no axis 0 to take a range of");
    }
    int rows = tensor.axis(0);
    if (from < 0 || from > to || to > rows) {
      throw new IndexOutOfBoundsException(
          "rows " + from + " to " + to + " are not in axis 0 of the shape " + tensor.shape());
    }
    int row = rows == 0 ? 0 : tensor.size() / rows;
    return new Tensor(
        tensor.storage(),
        tensor.offset() + from * row,
        tensor.dtype(),
        tensor.shape().with(0, to - (long) from),
        tensor.layout(),
        tensor.loan());
  }
}
