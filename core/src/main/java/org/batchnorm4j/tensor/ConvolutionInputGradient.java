package org.batchnorm4j.tensor;

/**
 * The gradient of a convolution's input: a convolution with turned kernels where that is cheaper,
 * else the transposed weight matrix times the output gradient, folded.
 *
 * @param <A> the array type
 * @param shop what it works with
 * @param geometry the shapes
 * @param g the gradient of the output
 * @param w the weight
 * @param dx the gradient of the input
 */
record ConvolutionInputGradient<A>(
    ConvolutionWorkshop<A> shop,
    ConvolutionGeometry geometry,
    TensorRange<A> g,
    TensorRange<A> w,
    TensorRange<A> dx) {
  private static final int PATCHES = 1 << 18;
  private static final int TURNED_TOGETHER = 16;

  void run() {
    if (TransposedConvolution.worthwhile(geometry)) {
      byTurnedKernels();
    } else {
      byFolding();
    }
  }

  private void byTurnedKernels() {
    int size = geometry.weightSize();
    int in = geometry.groupInChannels();
    int out = geometry.groupOutChannels();
    int kernel = geometry.kernelPositions();
    int blocks = Math.ceilDiv(in, TURNED_TOGETHER);
    A turned = shop.scratch().borrow(size);
    shop.workers()
        .run(
            blocks * geometry.groups(),
            task -> {
              int group = task / blocks;
              int channel = task % blocks * TURNED_TOGETHER;
              int channels = Math.min(TURNED_TOGETHER, in - channel);
              int from = w.from() + (group * out * in + channel) * kernel;
              int to = (group * in + channel) * out * kernel;
              shop.arrays().turn(w.array(), from, in, turned, to, out, channels, kernel);
            });
    new ConvolutionForward<>(
            shop, TransposedConvolution.of(geometry), g, new TensorRange<>(turned, 0), null, dx)
        .run();
    shop.scratch().giveBack(size, turned);
  }

  private void byFolding() {
    ConvolutionTiling tiling = ConvolutionTiling.ofImages(geometry);
    int tiles = tiling.count();
    if (tiles == 0) {
      return;
    }
    int channels = geometry.groupInChannels();
    long patches =
        (long) channels * geometry.kernelPositions() * tiling.block(0, 0).columns(geometry);
    Parts parts = Parts.of(channels, Math.ceilDiv(patches, PATCHES));
    shop.workers()
        .run(
            tiles * geometry.groups() * parts.count(),
            task -> {
              int part = task % parts.count();
              int group = task / parts.count() % geometry.groups();
              PatchBlock block = tiling.block(task / parts.count() / geometry.groups(), group);
              tile(block.withChannels(block.channel() + parts.from(part), parts.size(part)), group);
            });
  }

  private void tile(PatchBlock block, int group) {
    int columns = block.columns(geometry);
    try (ConvolutionWorkshop<A>.Borrowed gradient = shop.outputs(geometry, block, group, g)) {
      if (geometry.pointwise() && block.images() == 1) {
        int plane = block.image() * geometry.inChannels() + block.channel();
        product(block, group, gradient.matrix, dx.matrix(plane * geometry.inPositions(), columns));
        return;
      }
      int size = block.size(geometry);
      A patches = shop.scratch().borrow(size);
      product(block, group, gradient.matrix, new MatrixRange<>(patches, 0, columns));
      fold(block, patches);
      shop.scratch().giveBack(size, patches);
    }
  }

  private void product(
      PatchBlock block, int group, MatrixRange<A> gradient, MatrixRange<A> patches) {
    int kernel = geometry.kernelPositions();
    int patchSize = geometry.patchSize();
    int channels = geometry.groupOutChannels();
    int skipped = block.channel() - group * geometry.groupInChannels();
    MatrixRange<A> weights = w.matrix(group * channels * patchSize + skipped * kernel, patchSize);
    int m = block.channels() * kernel;
    int n = block.columns(geometry);
    shop.product(true, false, m, n, channels, weights, gradient, false, patches);
  }

  private void fold(PatchBlock block, A patches) {
    int length = block.channels() * geometry.inPositions();
    for (int i = 0; i < block.images(); i++) {
      int plane = (block.image() + i) * geometry.inChannels() + block.channel();
      shop.arrays().clear(dx.array(), dx.from() + plane * geometry.inPositions(), length);
    }
    shop.arrays().fold(geometry, block, patches, dx.array(), dx.from());
  }
}
