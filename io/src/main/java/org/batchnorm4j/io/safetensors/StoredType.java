package org.batchnorm4j.io.safetensors;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.batchnorm4j.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * The element types that the reference implementation of safetensors knows, with their width and,
 * where this library has it, the type they are read as.
 */
enum StoredType {
  BOOL(8, DType.BOOL),
  U8(8, DType.UINT8),
  I8(8, null),
  I16(16, null),
  U16(16, null),
  F16(16, DType.FLOAT16),
  BF16(16, DType.BFLOAT16),
  I32(32, DType.INT32),
  U32(32, null),
  F32(32, DType.FLOAT32),
  F64(64, DType.FLOAT64),
  I64(64, DType.INT64),
  U64(64, null),
  C64(64, null),
  F4(4, null),
  F6_E2M3(6, null),
  F6_E3M2(6, null),
  F8_E5M2(8, null),
  F8_E4M3(8, null),
  F8_E8M0(8, null),
  F8_E4M3FNUZ(8, null),
  F8_E5M2FNUZ(8, null);

  private static final Map<String, StoredType> BY_NAME =
      Arrays.stream(values())
          .collect(Collectors.toUnmodifiableMap(Enum::name, Function.identity()));

  private final int bits;
  private final @Nullable DType dtype;

  StoredType(int bits, @Nullable DType dtype) {
    this.bits = bits;
    this.dtype = dtype;
  }

  /** Returns the type that a file calls {@code name}, or null if there is none. */
  static @Nullable StoredType named(String name) {
    return BY_NAME.get(name);
  }

  /** Returns how a file calls {@code dtype}. */
  static StoredType of(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> F32;
      case FLOAT64 -> F64;
      case FLOAT16 -> F16;
      case BFLOAT16 -> BF16;
      case INT64 -> I64;
      case INT32 -> I32;
      case UINT8 -> U8;
      case BOOL -> BOOL;
    };
  }

  /** Returns the width of one element. */
  int bits() {
    return bits;
  }

  /** Returns the type elements are read as, or null if this library has none. */
  @Nullable DType dtype() {
    return dtype;
  }
}
