package org.batchnorm4j.nn;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import org.batchnorm4j.statistics.AveragingRule;
import org.batchnorm4j.statistics.VarianceEstimator;
import org.batchnorm4j.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * How a batch normalisation behaves. Each {@code with...} gives a changed copy. The presets say how
 * five systems differ; every difference is a switch of its own.
 *
 * <table>
 *   <caption>The presets</caption>
 *   <tr><th></th><th>pytorch</th><th>puzzleLib</th><th>labml</th><th>onnx</th><th>keras</th></tr>
 *   <tr><td>eps</td><td>1e-5</td><td>1e-5</td><td>1e-5</td><td>1e-5</td><td>1e-3</td></tr>
 *   <tr><td>weight of the new batch</td><td>0.1</td><td>max(1/n, 0.1)</td><td>0.1</td><td>0.1
 *   </td><td>0.01</td></tr>
 *   <tr><td>stored variance</td><td>unbiased</td><td>unbiased</td><td>biased</td><td>biased
 *   </td><td>biased</td></tr>
 *   <tr><td>gamma</td><td>1</td><td>N(1, 0.01)</td><td>1</td><td>1</td><td>1</td></tr>
 *   <tr><td>batch of one</td><td>refused</td><td>accepted</td><td>accepted</td><td>accepted
 *   </td><td>accepted</td></tr>
 *   <tr><td>channels</td><td>axis 1</td><td>axis 1</td><td>axis 1</td><td>axis 1</td><td>last axis
 *   </td></tr>
 * </table>
 *
 * <p>Everywhere: the <em>biased</em> variance normalises, eps is inside the root, momentum is the
 * weight of the <em>new</em> batch ({@link #withDecay} takes that of the old value).
 *
 * <p>Immutable and safe for use by many threads.
 */
public final class BatchNormOptions {
  private static final BatchNormOptions PYTORCH = new BatchNormOptions(new Draft());

  private final Draft values;

  private BatchNormOptions(Draft values) {
    this.values = values;
  }

  private BatchNormOptions with(Consumer<Draft> change) {
    Draft copy = new Draft(values);
    change.accept(copy);
    return new BatchNormOptions(copy);
  }

  /** The values; written to while a copy is made, never once options hold it. */
  private static final class Draft {
    private double eps = 1e-5;
    private AveragingRule averaging = AveragingRule.exponential(0.1);
    private VarianceEstimator runningVariance = VarianceEstimator.UNBIASED;
    private boolean affine = true;
    private boolean scale = true;
    private boolean bias = true;
    private boolean trackRunningStats = true;
    private GammaInitialization gamma = GammaInitialization.constant(1);
    private BatchOfOne batchOfOne = BatchOfOne.REFUSE;
    private Set<BatchNormFreeze> frozen = Set.of();
    private DType dtype = DType.FLOAT32;
    private int axis = 1;
    private int rank;
    private @Nullable String name;
    private boolean empty;
    private boolean inplace;

    Draft() {}

    Draft(Draft source) {
      eps = source.eps;
      averaging = source.averaging;
      runningVariance = source.runningVariance;
      affine = source.affine;
      scale = source.scale;
      bias = source.bias;
      trackRunningStats = source.trackRunningStats;
      gamma = source.gamma;
      batchOfOne = source.batchOfOne;
      frozen = source.frozen;
      dtype = source.dtype;
      axis = source.axis;
      rank = source.rank;
      name = source.name;
      empty = source.empty;
      inplace = source.inplace;
    }
  }

  // ---- presets

  /** PyTorch's defaults. */
  public static BatchNormOptions defaults() {
    return PYTORCH;
  }

  /** PyTorch 2: {@code nn.BatchNorm1d} to {@code 3d}, which are the defaults. */
  public static BatchNormOptions pytorch() {
    return PYTORCH;
  }

  /**
   * PuzzleLib: the n-th batch weighs {@code max(initFactor / n, minFactor)} with 1 and 0.1, gamma
   * starts as N(1, 0.01), the unbiased variance is stored, a batch of one is accepted as MIOpen
   * does. {@link PuzzleLib} builds its layers.
   */
  public static BatchNormOptions puzzleLib() {
    return PYTORCH.withFactors(1.0, 0.1).withSscale(0.01).withBatchOfOne(BatchOfOne.ACCEPT);
  }

  /** labml: like PyTorch, but it stores the biased variance and accepts a batch of one. */
  public static BatchNormOptions labml() {
    return PYTORCH.withRunningVariance(VarianceEstimator.BIASED).withBatchOfOne(BatchOfOne.ACCEPT);
  }

  /**
   * ONNX {@code BatchNormalization}: its momentum 0.9 is the weight of the <em>old</em> value, it
   * stores the biased ("population") variance and accepts a batch of one. {@link
   * OnnxBatchNormalization} is the operator itself.
   */
  public static BatchNormOptions onnx() {
    return labml();
  }

  /**
   * Keras 3 {@code BatchNormalization}: momentum 0.99 is the weight of the <em>old</em> value
   * ({@code moving = moving * momentum + batch * (1 - momentum)}), epsilon 1e-3, the biased
   * variance is stored, channels are the last axis, a batch of one is accepted. Its {@code center}
   * is {@link #withBias}, its {@code scale} {@link #withScale}, its {@code trainable=false} all of
   * {@link BatchNormFreeze}. Source: keras/src/layers/normalization/batch_normalization.py.
   */
  public static BatchNormOptions keras() {
    return labml().withEps(1e-3).withMomentum(0.01).withAxis(-1);
  }

  // ---- switches

  /**
   * Added to the variance inside the root.
   *
   * @throws IllegalArgumentException if it is negative or not a number; training needs more than 0
   */
  public BatchNormOptions withEps(double value) {
    if (!(value >= 0)) {
      throw new IllegalArgumentException("batch_norm eps must be non-negative, but got " + value);
    }
    return with(o -> o.eps = value);
  }

  /** Momentum as PyTorch means it: the weight of the <em>new</em> batch in the running averages. */
  public BatchNormOptions withMomentum(double weightOfNewBatch) {
    return withAveraging(AveragingRule.exponential(weightOfNewBatch));
  }

  /** Momentum as ONNX and Keras mean it: the weight of the <em>old</em> value. */
  public BatchNormOptions withDecay(double weightOfOldValue) {
    return withAveraging(AveragingRule.decay(weightOfOldValue));
  }

  /** Running averages that are the plain mean of all batches: PyTorch's {@code momentum=None}. */
  public BatchNormOptions withCumulativeAverage() {
    return withAveraging(AveragingRule.cumulative());
  }

  /** PuzzleLib's rule, see {@link AveragingRule#decaying}. */
  public BatchNormOptions withFactors(double initFactor, double minFactor) {
    return withAveraging(AveragingRule.decaying(initFactor, minFactor));
  }

  /** Any rule for the running averages. */
  public BatchNormOptions withAveraging(AveragingRule rule) {
    return with(o -> o.averaging = rule);
  }

  /** Which variance the running average follows; the biased one normalises in any case. */
  public BatchNormOptions withRunningVariance(VarianceEstimator estimator) {
    return with(o -> o.runningVariance = estimator);
  }

  /** Whether there are a gamma and a beta, unless the next two switches say no. */
  public BatchNormOptions withAffine(boolean value) {
    return with(o -> o.affine = value);
  }

  /** Whether an affine layer has a gamma: Keras' {@code scale}. */
  public BatchNormOptions withScale(boolean value) {
    return with(o -> o.scale = value);
  }

  /** Whether an affine layer has a beta: PyTorch's {@code bias}, Keras' {@code center}. */
  public BatchNormOptions withBias(boolean value) {
    return with(o -> o.bias = value);
  }

  /** Whether there are running statistics; without them inference uses those of its batch. */
  public BatchNormOptions withTrackRunningStats(boolean value) {
    return with(o -> o.trackRunningStats = value);
  }

  /** The first values of gamma. */
  public BatchNormOptions withGammaInitialization(GammaInitialization values) {
    return with(o -> o.gamma = values);
  }

  /** PuzzleLib's {@code sscale}: gamma starts as N(1, sscale), sscale being the deviation. */
  public BatchNormOptions withSscale(double sscale) {
    return withGammaInitialization(GammaInitialization.normal(1, sscale));
  }

  /** What training does with one value per channel. */
  public BatchNormOptions withBatchOfOne(BatchOfOne policy) {
    return with(o -> o.batchOfOne = policy);
  }

  /** What is frozen from the start; {@link BatchNorm#freeze} and thaw change it later. */
  public BatchNormOptions withFrozen(BatchNormFreeze... parts) {
    EnumSet<BatchNormFreeze> chosen = EnumSet.noneOf(BatchNormFreeze.class);
    chosen.addAll(Arrays.asList(parts));
    return with(o -> o.frozen = chosen);
  }

  /**
   * Type of gamma, beta and the running statistics, and of the input; float16 and bfloat16 inputs
   * go with float32.
   *
   * @throws IllegalArgumentException if it is neither float32 nor float64
   */
  public BatchNormOptions withDtype(DType value) {
    if (!value.computes()) {
      throw new IllegalArgumentException(
          "parameters of a batch norm are float32 or float64, got "
              + value
              + "; float16 and bfloat16 inputs go with float32 parameters");
    }
    return with(o -> o.dtype = value);
  }

  /**
   * The axis of the channels: 1, or -1 for the last one as in Keras. With -1 and a channels-first
   * tensor nothing is copied.
   *
   * @throws IllegalArgumentException if it is neither
   */
  public BatchNormOptions withAxis(int value) {
    if (value != 1 && value != -1) {
      throw new IllegalArgumentException(
          "channels of a batch norm are axis 1 or the last one, -1, got "
              + value
              + "; permute the input for others");
    }
    return with(o -> o.axis = value);
  }

  /**
   * Accepts only inputs of this rank, of those that the layer's class accepts: PuzzleLib's {@code
   * BatchNorm} takes 2-D data alone, its {@code BatchNorm1D} 3-D data.
   *
   * @throws IllegalArgumentException if it is less than 2
   */
  public BatchNormOptions withRank(int value) {
    if (value < 2) {
      throw new IllegalArgumentException("a batch norm needs rank 2 (N, C) or more, got " + value);
    }
    return with(o -> o.rank = value);
  }

  /** Name of the layer in errors, and in a {@link Sequential} that is not told another one. */
  public BatchNormOptions withName(String value) {
    return with(o -> o.name = value);
  }

  /**
   * PuzzleLib's {@code empty}: parameters and statistics have no values until a state is loaded;
   * using the layer before that is an error.
   */
  public BatchNormOptions withEmpty(boolean value) {
    return with(o -> o.empty = value);
  }

  /**
   * PuzzleLib's {@code inplace}: inference writes the result over the input and returns the input's
   * own tensor. Training and passes that record refuse, since gradients need the input.
   */
  public BatchNormOptions withInplace(boolean value) {
    return with(o -> o.inplace = value);
  }

  // ---- what was chosen

  /** Added to the variance inside the root. */
  public double eps() {
    return values.eps;
  }

  /** How running averages move. */
  public AveragingRule averaging() {
    return values.averaging;
  }

  /** Which variance the running average follows. */
  public VarianceEstimator runningVariance() {
    return values.runningVariance;
  }

  /** Whether there are a gamma and a beta, as far as {@link #scale} and {@link #bias} allow. */
  public boolean affine() {
    return values.affine;
  }

  /** Whether an affine layer has a gamma. */
  public boolean scale() {
    return values.scale;
  }

  /** Whether an affine layer has a beta. */
  public boolean bias() {
    return values.bias;
  }

  /** Whether there are running statistics. */
  public boolean trackRunningStats() {
    return values.trackRunningStats;
  }

  /** The first values of gamma. */
  public GammaInitialization gammaInitialization() {
    return values.gamma;
  }

  /** What training does with one value per channel. */
  public BatchOfOne batchOfOne() {
    return values.batchOfOne;
  }

  /** What is frozen from the start. */
  public Set<BatchNormFreeze> frozen() {
    return Set.copyOf(values.frozen);
  }

  /** Type of parameters and statistics. */
  public DType dtype() {
    return values.dtype;
  }

  /** The axis of the channels, 1 or -1. */
  public int axis() {
    return values.axis;
  }

  /** The only rank that is accepted, if the layer is to be narrower than its class. */
  public OptionalInt rank() {
    return values.rank == 0 ? OptionalInt.empty() : OptionalInt.of(values.rank);
  }

  /** Name of the layer. */
  public Optional<String> name() {
    return Optional.ofNullable(values.name);
  }

  /** Whether values are missing until a state is loaded. */
  public boolean empty() {
    return values.empty;
  }

  /** Whether inference overwrites its input. */
  public boolean inplace() {
    return values.inplace;
  }

  /** As PyTorch prints them; what differs from its defaults is added behind. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("eps=").append(PythonText.of(values.eps));
    text.append(", momentum=").append(momentum());
    text.append(", affine=").append(PythonText.of(values.affine));
    text.append(", bias=").append(PythonText.of(values.bias));
    text.append(", track_running_stats=").append(PythonText.of(values.trackRunningStats));
    Draft usual = PYTORCH.values;
    boolean biased = values.runningVariance != usual.runningVariance;
    addIf(text, biased, "running_variance=" + values.runningVariance);
    addIf(text, !values.scale, "scale=False");
    addIf(text, !values.gamma.equals(usual.gamma), "gamma=" + values.gamma);
    addIf(text, values.batchOfOne != usual.batchOfOne, "batch_of_one=" + values.batchOfOne);
    addIf(text, !values.frozen.isEmpty(), "frozen=" + values.frozen);
    addIf(text, values.dtype != usual.dtype, "dtype=" + values.dtype);
    addIf(text, values.axis != usual.axis, "axis=" + values.axis);
    addIf(text, values.rank != 0, "rank=" + values.rank);
    addIf(text, values.name != null, "name=" + values.name);
    addIf(text, values.empty, "empty=True");
    addIf(text, values.inplace, "inplace=True");
    return text.toString();
  }

  private String momentum() {
    return switch (values.averaging) {
      case AveragingRule.Exponential(double weight) -> PythonText.of(weight);
      case AveragingRule.Cumulative() -> "None";
      case AveragingRule.Decaying(double initFactor, double minFactor) ->
          "max(" + PythonText.of(initFactor) + "/n, " + PythonText.of(minFactor) + ")";
    };
  }

  private static void addIf(StringBuilder text, boolean wanted, String part) {
    if (wanted) {
      text.append(", ").append(part);
    }
  }
}
