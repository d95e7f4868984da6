package org.batchnorm4j.tensor;

import java.util.stream.IntStream;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientLine;

/**
 * The constants of each channel as the float32 kernels take them: {@code (x - mean) * scale +
 * shift} and {@code g * a + (x - mean) * b + c}. The mean is rounded to float32 and its residue
 * goes into shift and c, so that a constant channel gives exactly beta.
 *
 * <p>A channel is <em>wide</em> where float32 cannot hold what the kernels would compute although
 * the result may fit: a mean so large that {@code x - mean} may overflow, or a factor outside the
 * normal numbers. With data of 1e30 that factor is b, about 1e-60. Such channels keep their exact
 * constants and go through {@link WideChannels}; all others never pay for it.
 *
 * <p>The constants of a group of adjacent channels, which are counted from 0, in scratch memory
 * that {@link #close} hands back. Safe for use by many threads between its last change and that.
 */
final class FloatChannels implements AutoCloseable {
  /** Half the distance of the largest float32 from its neighbour: less is lost in x - mean. */
  private static final double LARGEST_MEAN = 0x1p103;

  private static final int[] NO_CHANNELS = {};
  private static final float[] NO_CONSTANTS = {};
  private static final double[] NOTHING = {};
  private static final GradientLine NO_LINE = new GradientLine(NOTHING, NOTHING, NOTHING);

  private final ChannelAffine affine;
  private final int first;
  private final int count;
  private final Scratch<float[]> scratch;
  private final float[] mean;
  private final float[] scale;
  private final float[] shift;
  private boolean someWide;
  private GradientLine exact = NO_LINE;
  private float[] a = NO_CONSTANTS;
  private float[] b = NO_CONSTANTS;
  private float[] c = NO_CONSTANTS;

  private FloatChannels(ChannelAffine affine, int first, int count, Scratch<float[]> scratch) {
    this.affine = affine;
    this.first = first;
    this.count = count;
    this.scratch = scratch;
    mean = borrow();
    scale = borrow();
    shift = borrow();
  }

  private float[] borrow() {
    return count == 0 ? NO_CONSTANTS : scratch.borrow(count);
  }

  /**
   * The constants of the output.
   *
   * @param affine lines of all channels
   * @param first the first channel of the group
   * @param count number of channels of the group; 0 where nothing is computed in float32
   */
  static FloatChannels of(ChannelAffine affine, int first, int count, Scratch<float[]> scratch) {
    FloatChannels channels = new FloatChannels(affine, first, count, scratch);
    channels.fillLine();
    return channels;
  }

  private void fillLine() {
    for (int i = 0; i < count; i++) {
      double exactMean = affine.mean()[first + i];
      double exactScale = affine.scale()[first + i];
      mean[i] = rounded(exactMean);
      scale[i] = rounded(exactScale);
      shift[i] = rounded(affine.shift()[first + i] + residue(i) * exactScale);
      someWide |= isLineWide(i);
    }
  }

  /**
   * Adds the constants of the input gradient.
   *
   * @param gradient lines of all channels
   */
  void add(GradientLine gradient) {
    exact = gradient;
    a = borrow();
    b = borrow();
    c = borrow();
    for (int i = 0; i < count; i++) {
      double factor = gradient.a()[first + i];
      double slope = gradient.b()[first + i];
      a[i] = rounded(factor);
      b[i] = rounded(slope);
      c[i] = rounded(gradient.c()[first + i] + residue(i) * slope);
      someWide |= leavesFloat32(factor) || leavesFloat32(slope);
    }
  }

  /** The one NaN that kernels over bfloat16 take stands for all. */
  private static float rounded(double factor) {
    return Double.isNaN(factor) ? Float.NaN : (float) factor;
  }

  private static boolean leavesFloat32(double factor) {
    double size = Math.abs(factor);
    boolean tooSmall = size > 0 && size < Float.MIN_NORMAL;
    return tooSmall || (size > Float.MAX_VALUE && size < Double.POSITIVE_INFINITY);
  }

  private boolean isLineWide(int channel) {
    double size = Math.abs(affine.mean()[first + channel]);
    boolean farMean = size >= LARGEST_MEAN && size < Double.POSITIVE_INFINITY;
    return farMean || leavesFloat32(affine.scale()[first + channel]);
  }

  private boolean isWide(int channel) {
    return isLineWide(channel)
        || (a.length > 0
            && (leavesFloat32(exact.a()[first + channel])
                || leavesFloat32(exact.b()[first + channel])));
  }

  /** Whether the kernels can take all of some channels. */
  boolean areNarrow(int from, int to) {
    return endOfNarrow(from, to) == to;
  }

  /** The wide ones among some channels; mostly none. */
  int[] wideChannels(int from, int to) {
    return areNarrow(from, to)
        ? NO_CHANNELS
        : IntStream.range(from, to).filter(this::isWide).toArray();
  }

  /** The end of the channels from {@code from} on that the kernels can take in one call. */
  private int endOfNarrow(int from, int to) {
    if (!someWide) {
      return to;
    }
    int end = from;
    while (end < to && !isWide(end)) {
      end++;
    }
    return end;
  }

  /** Takes some columns of a block. */
  interface Part {
    /**
     * Takes columns.
     *
     * @param column the first of them
     * @param what how many, or the channel that they belong to
     */
    void take(int column, int what);
  }

  /**
   * Cuts the columns of a block into parts that kernels can take in one call, {@code narrow(column,
   * count)}, and the runs of wide channels, {@code wide(column, channel)}.
   */
  void forEachPart(StripBlock block, Part narrow, Part wide) {
    int first = block.channel();
    int to = first + block.channels();
    if (areNarrow(first, to)) {
      narrow.take(0, block.width());
      return;
    }
    int length = block.length();
    for (int repeat = 0; repeat < block.repeats(); repeat++) {
      int column = repeat * block.channels() * length;
      for (int k = first; k < to; k++) {
        int end = endOfNarrow(k, to);
        if (end > k) {
          narrow.take(column + (k - first) * length, (end - k) * length);
          k = end;
        }
        if (k < to) {
          wide.take(column + (k - first) * length, k);
        }
      }
    }
  }

  /** Difference between the mean as the kernels see it and the exact one. */
  double residue(int channel) {
    double rest = isLineWide(channel) ? 0 : mean[channel] - affine.mean()[first + channel];
    return Double.isNaN(rest) ? 0 : rest; // an infinite mean has no residue
  }

  /** Whether the normalised value is positive, as the forward pass computed it. */
  boolean isActive(float x, int channel) {
    return isLineWide(channel)
        ? (float) wideLine(x, channel) > 0
        : Math.fma(x - mean[channel], scale[channel], shift[channel]) > 0;
  }

  /** The normalised value in float64. */
  double wideLine(float x, int channel) {
    return (x - affine.mean()[first + channel]) * affine.scale()[first + channel]
        + affine.shift()[first + channel];
  }

  /** x - mean in float64. */
  double wideCentred(float x, int channel) {
    return x - affine.mean()[first + channel];
  }

  /** The input gradient in float64. */
  double wideGradient(float g, float x, int channel) {
    double line = wideCentred(x, channel) * exact.b()[first + channel] + exact.c()[first + channel];
    return g * exact.a()[first + channel] + line;
  }

  /** The lines of all channels. */
  ChannelAffine affine() {
    return affine;
  }

  /** The lines of the input gradient of all channels. */
  GradientLine gradient() {
    return exact;
  }

  float[] means() {
    return mean;
  }

  float[] scales() {
    return scale;
  }

  float[] shifts() {
    return shift;
  }

  float[] as() {
    return a;
  }

  float[] bs() {
    return b;
  }

  float[] cs() {
    return c;
  }

  @Override
  public void close() {
    giveBack(mean);
    giveBack(scale);
    giveBack(shift);
    giveBack(a);
    giveBack(b);
    giveBack(c);
  }

  private void giveBack(float[] constants) {
    if (constants.length > 0) {
      scratch.giveBack(count, constants);
    }
  }
}
