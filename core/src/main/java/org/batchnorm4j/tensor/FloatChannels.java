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
 * <p>Immutable; safe for use by many threads.
 */
final class FloatChannels {
  /** Half the distance of the largest float32 from its neighbour: less is lost in x - mean. */
  private static final double LARGEST_MEAN = 0x1p103;

  private static final int[] NONE = {};

  private final ChannelAffine affine;
  private final GradientLine exact;
  private final boolean[] wide;
  private final float[] mean;
  private final float[] scale;
  private final float[] shift;
  private final double[] residue;
  private final float[] a;
  private final float[] b;
  private final float[] c;

  /** The constants of the output and, unless its line is empty, of the input gradient. */
  FloatChannels(ChannelAffine affine, GradientLine gradient) {
    this.affine = affine;
    exact = gradient;
    int channels = affine.channels();
    wide = new boolean[channels];
    mean = new float[channels];
    scale = new float[channels];
    shift = new float[channels];
    residue = new double[channels];
    a = new float[gradient.a().length];
    b = new float[a.length];
    c = new float[a.length];
    for (int i = 0; i < channels; i++) {
      wide[i] = isLineWide(i);
      mean[i] = (float) affine.mean()[i];
      double rest = wide[i] ? 0 : mean[i] - affine.mean()[i];
      residue[i] = Double.isNaN(rest) ? 0 : rest; // an infinite mean has no residue
      scale[i] = (float) affine.scale()[i];
      shift[i] = (float) (affine.shift()[i] + residue[i] * affine.scale()[i]);
    }
    for (int i = 0; i < a.length; i++) {
      a[i] = (float) gradient.a()[i];
      b[i] = (float) gradient.b()[i];
      c[i] = (float) (gradient.c()[i] + residue[i] * gradient.b()[i]);
      wide[i] |= leavesFloat32(gradient.a()[i]) || leavesFloat32(gradient.b()[i]);
    }
  }

  private static boolean leavesFloat32(double factor) {
    double size = Math.abs(factor);
    boolean tooSmall = size > 0 && size < Float.MIN_NORMAL;
    return tooSmall || (size > Float.MAX_VALUE && size < Double.POSITIVE_INFINITY);
  }

  private boolean isLineWide(int channel) {
    double size = Math.abs(affine.mean()[channel]);
    boolean farMean = size >= LARGEST_MEAN && size < Double.POSITIVE_INFINITY;
    return farMean || leavesFloat32(affine.scale()[channel]);
  }

  boolean isWide(int channel) {
    return wide[channel];
  }

  /** The wide ones among some channels; mostly none. */
  int[] wideChannels(int from, int to) {
    return endOfNarrow(from, to) == to
        ? NONE
        : IntStream.range(from, to).filter(channel -> wide[channel]).toArray();
  }

  /** The end of the channels from {@code from} on that the kernels can take in one call. */
  int endOfNarrow(int from, int to) {
    int end = from;
    while (end < to && !wide[end]) {
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
    if (endOfNarrow(first, to) == to) {
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
    return residue[channel];
  }

  /** Whether the normalised value is positive, as the forward pass computed it. */
  boolean isActive(float x, int channel) {
    return isLineWide(channel)
        ? (float) wideLine(x, channel) > 0
        : Math.fma(x - mean[channel], scale[channel], shift[channel]) > 0;
  }

  /** The normalised value in float64. */
  double wideLine(float x, int channel) {
    return (x - affine.mean()[channel]) * affine.scale()[channel] + affine.shift()[channel];
  }

  /** x - mean in float64. */
  double wideCentred(float x, int channel) {
    return x - affine.mean()[channel];
  }

  /** The input gradient in float64. */
  double wideGradient(float g, float x, int channel) {
    double line = wideCentred(x, channel) * exact.b()[channel] + exact.c()[channel];
    return g * exact.a()[channel] + line;
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
}
