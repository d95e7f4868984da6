package org.batchnorm4j.autograd;

import java.util.Arrays;
import org.batchnorm4j.statistics.BatchMoments;
import org.batchnorm4j.statistics.ChannelAffine;
import org.batchnorm4j.statistics.GradientLine;
import org.batchnorm4j.statistics.GradientSums;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.batchnorm4j.tensor.Layout;
import org.batchnorm4j.tensor.Shape;
import org.batchnorm4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The recorded operation of {@link GroupedNormalization} on (N, C, S), channels first. A group is
 * seen as one channel of a view (1, groups, values). Where weight and bias differ inside a group,
 * the view has one channel per <em>run</em> of values that share them, and the runs of a group
 * share mean and scale.
 */
final class GroupStandardisation {
  private final Tensor x;
  private final int groups;
  private final BatchMoments moments;
  private final Pass pass;

  private GroupStandardisation(Tensor x, int groups, BatchMoments moments, Pass pass) {
    this.x = x;
    this.groups = groups;
    this.moments = moments;
    this.pass = pass;
  }

  /** Takes the moments of {@code groups} groups in each sample. */
  static GroupStandardisation of(Tensor x, int groups, Pass pass) {
    int all = Math.toIntExact((long) x.axis(0) * groups);
    long values = x.shape().axis(1) / groups * x.axis(2);
    BatchMoments moments =
        x.size() == 0
            ? new BatchMoments(values, new double[all], new double[all])
            : pass.backend().channelMoments(x.reshape(1, all, values));
    return new GroupStandardisation(x, groups, moments, pass);
  }

  BatchMoments moments() {
    return moments;
  }

  DType dtype() {
    return x.dtype();
  }

  /** Whether a parameter has one value per channel or per group. */
  boolean fits(Tensor parameter) {
    return parameter.rank() == 1 && (parameter.axis(0) == x.axis(1) || parameter.axis(0) == groups);
  }

  /** Normalises; weight and bias have one value per channel or per group, both alike. */
  Tensor apply(
      String name, boolean centred, @Nullable Tensor weight, @Nullable Tensor bias, double eps) {
    Runs runs = new Runs(centred, weight, bias, eps);
    Tensor y = runs.forward();
    if (!pass.isRecording()) {
      return y;
    }
    Edge toInput = new Edge(x, runs::input);
    if (weight != null && bias != null) {
      return pass.record(
          name, y, toInput, new Edge(weight, runs::weight), new Edge(bias, runs::bias));
    }
    if (weight != null) {
      return pass.record(name, y, toInput, new Edge(weight, runs::weight));
    }
    return bias == null
        ? pass.record(name, y, toInput)
        : pass.record(name, y, toInput, new Edge(bias, runs::bias));
  }

  /** One application, forward and backward; sums are taken once per output gradient. */
  private final class Runs {
    private final boolean centred;
    private final @Nullable Tensor weight;
    private final double eps;
    private final int perSample;
    private final int perGroup;
    private final int count;
    private final double[] inverse;
    private final double[] gamma;
    private final ChannelAffine affine;
    private @Nullable Tensor summed;
    private @Nullable GradientSums sums;

    Runs(boolean centred, @Nullable Tensor weight, @Nullable Tensor bias, double eps) {
      this.centred = centred;
      this.weight = weight;
      this.eps = eps;
      perSample = weight != null ? weight.axis(0) : bias != null ? bias.axis(0) : groups;
      perGroup = perSample / groups;
      count = x.axis(0) * perSample;
      inverse = new double[moments.channels()];
      for (int group = 0; group < inverse.length && moments.count() > 0; group++) {
        double square = moments.mean(group) * moments.mean(group);
        double variance = moments.variance(group, VarianceEstimator.BIASED);
        inverse[group] = 1 / Math.sqrt((centred ? variance : variance + square) + eps);
        if (!centred && Double.isNaN(inverse[group]) && !hasNan(group)) {
          inverse[group] = 0; // the mean square is infinite, not undefined as mean and variance
        }
      }
      gamma = repeated(weight, 1);
      double[] mean = new double[count];
      double[] scale = new double[count];
      for (int run = 0; run < count; run++) {
        mean[run] = centred ? moments.mean(run / perGroup) : 0;
        scale[run] = gamma[run] * inverse[run / perGroup];
      }
      affine = new ChannelAffine(mean, scale, repeated(bias, 0));
    }

    private boolean hasNan(int group) {
      Tensor values = x.reshape(inverse.length, moments.count()).range(group, group + 1);
      return Arrays.stream(values.toDoubles()).anyMatch(Double::isNaN);
    }

    /** A parameter's value for each run; {@code missing} everywhere if there is none. */
    private double[] repeated(@Nullable Tensor parameter, double missing) {
      double[] values = parameter == null ? new double[] {missing} : parameter.toDoubles();
      double[] result = new double[count];
      for (int run = 0; run < count; run++) {
        result[run] = values[run % values.length];
      }
      return result;
    }

    private Tensor asRuns(Tensor values) {
      return values.reshape(1, count, x.size() / count);
    }

    Tensor forward() {
      if (x.size() == 0) {
        return empty(pass);
      }
      return pass.backend().standardise(asRuns(x), affine, false).reshape(x.shape().toArray());
    }

    private Tensor empty(Pass target) {
      return target.backend().memory().allocate(x.dtype(), x.shape(), Layout.CHANNELS_FIRST);
    }

    private GradientSums sums(Tensor g, Pass p) {
      GradientSums known = sums;
      if (known == null || summed != g) {
        known =
            x.size() == 0
                ? new GradientSums(new double[count], new double[count])
                : p.backend().channelGradientSums(asRuns(x), asRuns(g), affine, false);
        summed = g;
        sums = known;
      }
      return known;
    }

    Tensor input(Tensor g, Pass p) {
      if (x.size() == 0) {
        return empty(p);
      }
      if (p.isRecording()) {
        return differentiableInput(g, p);
      }
      GradientSums s = sums(g, p);
      double[] meanG = new double[inverse.length];
      double[] meanGx = new double[inverse.length];
      for (int run = 0; run < count; run++) {
        meanG[run / perGroup] += gamma[run] * s.sumG()[run] / moments.count();
        meanGx[run / perGroup] += gamma[run] * s.sumGx()[run] / moments.count();
      }
      double[] slope = new double[count];
      double[] constant = new double[count];
      for (int run = 0; run < count; run++) {
        int group = run / perGroup;
        double inv = inverse[group];
        slope[run] = -inv * inv * inv * meanGx[group];
        constant[run] = centred ? -inv * meanG[group] : 0;
      }
      GradientLine line = new GradientLine(affine.scale(), slope, constant);
      return p.backend()
          .standardiseGradient(asRuns(x), asRuns(g), affine, line, false)
          .reshape(x.shape().toArray());
    }

    Tensor weight(Tensor g, Pass p) {
      if (p.isRecording() && x.size() > 0) {
        return perParameter(p.mul(grouped(g, p), normalised(p)), p);
      }
      double[] sumGx = sums(g, p).sumGx();
      double[] result = new double[perSample];
      for (int run = 0; run < count; run++) {
        result[run % perSample] += inverse[run / perGroup] * sumGx[run];
      }
      return vector(result, p);
    }

    Tensor bias(Tensor g, Pass p) {
      if (p.isRecording() && x.size() > 0) {
        return perParameter(wide(g, p), p);
      }
      double[] sumG = sums(g, p).sumG();
      double[] result = new double[perSample];
      for (int run = 0; run < count; run++) {
        result[run % perSample] += sumG[run];
      }
      return vector(result, p);
    }

    private Tensor vector(double[] values, Pass p) {
      Tensor result = p.filled(0, x.dtype(), Shape.of(values.length));
      result.copyFrom(Tensor.of(values, values.length));
      return result;
    }

    // ---- the same formulas from operations that can be differentiated again, in float64: the
    // variance is a tensor here, and that of float32 data from 1e19 on does not fit a float32

    private Tensor wide(Tensor values, Pass p) {
      return p.to(values, DType.FLOAT64);
    }

    private Tensor perParameter(Tensor values, Pass p) {
      Tensor byRun = p.reshape(values, x.axis(0), perSample, x.size() / count);
      return p.to(p.sum(byRun, 0, 2), x.dtype());
    }

    private Tensor grouped(Tensor values, Pass p) {
      return p.reshape(wide(values, p), inverse.length, moments.count());
    }

    private Tensor meanOfGroups(Tensor values, Pass p) {
      return Reductions.mean(values, new int[] {1}, true, p);
    }

    private Tensor inverseDeviation(Pass p) {
      Tensor rows = grouped(x, p);
      Tensor variance =
          centred
              ? Reductions.var(rows, false, new int[] {1}, true, p)
              : meanOfGroups(p.square(rows), p);
      Tensor one = p.filled(1, DType.FLOAT64, Shape.of());
      return p.div(one, p.sqrt(p.add(variance, eps)));
    }

    private Tensor normalised(Pass p) {
      Tensor rows = grouped(x, p);
      Tensor numerator = centred ? p.sub(rows, meanOfGroups(rows, p)) : rows;
      return p.mul(numerator, inverseDeviation(p));
    }

    private Tensor differentiableInput(Tensor g, Pass p) {
      Tensor h = g;
      if (weight != null) {
        Tensor byRun = p.reshape(wide(g, p), x.axis(0), perSample, x.size() / count);
        h = p.mul(byRun, p.reshape(wide(weight, p), 1, perSample, 1));
      }
      Tensor rows = grouped(h, p);
      Tensor xhat = normalised(p);
      Tensor along = p.mul(xhat, meanOfGroups(p.mul(rows, xhat), p));
      Tensor across = centred ? p.sub(rows, meanOfGroups(rows, p)) : rows;
      Tensor dx = p.mul(p.sub(across, along), inverseDeviation(p));
      return p.to(p.reshape(dx, x.shape().toArray()), x.dtype());
    }
  }
}
