package org.batchnorm4j.model;

import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.batchnorm4j.nn.GroupNorm;
import org.batchnorm4j.nn.InstanceNorm2d;
import org.batchnorm4j.nn.InstanceNormOptions;
import org.batchnorm4j.nn.LayerNorm;
import org.batchnorm4j.nn.LocalResponseNorm;
import org.batchnorm4j.nn.Module;
import org.batchnorm4j.nn.RMSNorm;
import org.jspecify.annotations.Nullable;

/**
 * A norm that looks at one sample alone. Immutable and safe for use by several threads.
 *
 * <ul>
 *   <li>{@code layer}: for features {@link LayerNorm}; for pictures all channels and positions
 *       together with weight and bias per channel, a {@link GroupNorm} of one group, because a
 *       LayerNorm over (C, H, W) would tie the network to one size of picture.
 *   <li>{@code group}: {@link GroupNorm} of 16 groups, or of the largest number below that divides
 *       the channels.
 *   <li>{@code instance}: for pictures {@link InstanceNorm2d} with weight and bias. Features have
 *       one value per channel, of which nothing would be left, so LayerNorm stands in.
 *   <li>{@code rms}: for features {@link RMSNorm}, for pictures {@link PictureRMSNorm}.
 *   <li>{@code local-response}: for pictures {@link LocalResponseNorm} over five channels, for
 *       features nothing, as it has no meaning there.
 * </ul>
 */
final class PerSampleNorm implements Norm {
  private static final int RESPONSES = 5;

  /** All of them, in the order of the list above. */
  static final List<Norm> ALL =
      List.of(
          new PerSampleNorm("layer", channels -> new GroupNorm(1, channels), LayerNorm::new, true),
          new PerSampleNorm(
              "group",
              channels -> new GroupNorm(groups(channels), channels),
              features -> new GroupNorm(groups(features), features),
              true),
          new PerSampleNorm(
              "instance",
              channels -> new InstanceNorm2d(channels, InstanceNormOptions.labml()),
              LayerNorm::new,
              true),
          new PerSampleNorm("rms", PictureRMSNorm::new, RMSNorm::new, false),
          new PerSampleNorm(
              "local-response", channels -> new LocalResponseNorm(RESPONSES), null, false));

  private static final int MOST_GROUPS = 16;

  private final String name;
  private final IntFunction<Module> planes;
  private final @Nullable IntFunction<Module> features;
  private final boolean shifts;

  private PerSampleNorm(
      String name,
      IntFunction<Module> planes,
      @Nullable IntFunction<Module> features,
      boolean shifts) {
    this.name = name;
    this.planes = planes;
    this.features = features;
    this.shifts = shifts;
  }

  private static int groups(int channels) {
    int groups = Math.min(MOST_GROUPS, channels);
    while (channels % groups != 0) {
      groups--;
    }
    return groups;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Optional<Module> ofPlanes(int channels) {
    return Optional.of(planes.apply(channels));
  }

  @Override
  public Optional<Module> ofFeatures(int count) {
    return Optional.ofNullable(features).map(layer -> layer.apply(count));
  }

  @Override
  public boolean shifts() {
    return shifts;
  }
}
