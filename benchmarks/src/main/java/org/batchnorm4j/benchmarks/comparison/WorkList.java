package org.batchnorm4j.benchmarks.comparison;

import java.util.Arrays;
import java.util.List;

/**
 * Shapes that are measured together. All but {@code nc} are lists of oneDNN's benchdnn, at its
 * batch.
 */
enum WorkList {
  /** One from each stage of some networks. */
  TOPOLOGIES_SMALL(
      "50x64x112x112 50x256x56x56 50x128x28x28 50x1024x14x14 50x512x7x7 96x224x14x14 96x320x7x7"
          + " 96x64x147x147 96x80x73x73 96x96x35x35 96x160x17x17 96x384x8x8"),
  /** ResNet-50. */
  RESNET_50(
      "50x64x112x112 50x256x56x56 50x64x56x56 50x512x28x28 50x128x28x28 50x1024x14x14 50x256x14x14"
          + " 50x2048x7x7 50x512x7x7"),
  /** GoogLeNet v3. */
  GOOGLENET_V3(
      "96x32x149x149 96x32x147x147 96x64x147x147 96x80x73x73 96x192x71x71 96x64x35x35 96x48x35x35"
          + " 96x96x35x35 96x32x35x35 96x384x17x17 96x96x17x17 96x192x17x17 96x128x17x17"
          + " 96x160x17x17 96x320x8x8 96x192x8x8 96x384x8x8 96x448x8x8"),
  /** DenseNet-121, a batch of one. */
  DENSENET_121(
      "1x64x112x112 1x64x57x57 1x128x57x57 1x96x57x57 1x160x57x57 1x192x57x57 1x224x57x57"
          + " 1x256x57x57 1x128x29x29 1x160x29x29 1x192x29x29 1x224x29x29 1x256x29x29 1x288x29x29"
          + " 1x320x29x29 1x352x29x29 1x384x29x29 1x416x29x29 1x448x29x29 1x480x29x29 1x512x29x29"
          + " 1x256x15x15 1x128x15x15 1x288x15x15 1x320x15x15 1x352x15x15 1x384x15x15 1x416x15x15"
          + " 1x448x15x15 1x480x15x15 1x512x15x15 1x544x15x15 1x576x15x15 1x608x15x15 1x640x15x15"
          + " 1x672x15x15 1x704x15x15 1x736x15x15 1x768x15x15 1x800x15x15 1x832x15x15 1x864x15x15"
          + " 1x896x15x15 1x928x15x15 1x960x15x15 1x992x15x15 1x1024x15x15 1x512x8x8 1x128x8x8"
          + " 1x544x8x8 1x576x8x8 1x608x8x8 1x640x8x8 1x672x8x8 1x704x8x8 1x736x8x8 1x768x8x8"
          + " 1x800x8x8 1x832x8x8 1x864x8x8 1x896x8x8 1x928x8x8 1x960x8x8 1x992x8x8 1x1024x8x8"),
  /** Sequences. */
  ONE_D("1x16x1 1x32x30 32x128x10 32x27x7 9x128x1"),
  /** Volumes. */
  THREE_D("1x16x40x40x40 32x128x12x10x8"),
  /** Of shapes_regressions and shapes_ci those whose channels are no multiple of 16. */
  RAGGED("2x251x28x28 8x322x16x16 88x600x16x16 88x980x16x16 4x200x17x16 12x4x8x8 1x24x14x14"),
  /** Rows of features. */
  NC("32x64 128x256 1024x1024 8192x256 65536x64 65536x512");

  private final String shapes;

  WorkList(String shapes) {
    this.shapes = shapes;
  }

  /** Name in arguments and in the CSV file. */
  String label() {
    return switch (this) {
      case ONE_D -> "1d";
      case THREE_D -> "3d";
      default -> name().toLowerCase(java.util.Locale.ROOT);
    };
  }

  /** Its shapes. */
  List<Planes> shapes() {
    return Arrays.stream(shapes.split(" ")).map(Planes::of).toList();
  }
}
