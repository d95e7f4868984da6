package org.batchnorm4j.tensor;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A dense array of numbers with a shape. Shapes read (N, C, spatial...) whatever the {@link
 * Layout}.
 *
 * <p>Operations return new tensors; nothing here records gradients (operations of {@code
 * autograd.Pass} do). The only view is {@link #range} along axis 0, and {@link #reshape} of
 * channels first, which share memory with the original; everything else copies.
 *
 * <p>Safe for use by many threads as long as none writes to its memory, which only optimisers,
 * running statistics, {@link #copyFrom} and holders of {@link #unsafeFloatArray} do.
 */
public final class Tensor {
  private final Storage storage;
  private final int offset;
  private final DType dtype;
  private final Shape shape;
  private final Layout layout;
  private final Arena.@Nullable Loan loan;

  Tensor(
      Storage storage,
      int offset,
      DType dtype,
      Shape shape,
      Layout layout,
      Arena.@Nullable Loan loan) {
    this.storage = storage;
    this.offset = offset;
    this.dtype = dtype;
    this.shape = shape;
    this.layout = shape.rank() < 3 ? Layout.CHANNELS_FIRST : layout;
    this.loan = loan;
  }

  // ---- creation

  /**
   * A float32 tensor of copied values in row-major order of the shape.
   *
   * @throws ShapeException if the number of values is not the size of the shape
   */
  public static Tensor of(float[] values, long... shape) {
    return over(new Storage.Floats(values.clone()), DType.FLOAT32, shape);
  }

  /** A float64 tensor; see {@link #of(float[], long...)}. */
  public static Tensor of(double[] values, long... shape) {
    return over(new Storage.Doubles(values.clone()), DType.FLOAT64, shape);
  }

  /** An int64 tensor; see {@link #of(float[], long...)}. */
  public static Tensor of(long[] values, long... shape) {
    return over(new Storage.Longs(values.clone()), DType.INT64, shape);
  }

  /** An int32 tensor; see {@link #of(float[], long...)}. */
  public static Tensor of(int[] values, long... shape) {
    return over(new Storage.Ints(values.clone()), DType.INT32, shape);
  }

  /** A uint8 tensor of bytes read as 0 to 255; see {@link #of(float[], long...)}. */
  public static Tensor of(byte[] values, long... shape) {
    return over(new Storage.Bytes(values.clone()), DType.UINT8, shape);
  }

  /** A tensor of rank 0 that holds one float32. */
  public static Tensor scalar(float value) {
    return of(new float[] {value});
  }

  /** A tensor of rank 0 that holds one int64. */
  public static Tensor scalar(long value) {
    return of(new long[] {value});
  }

  /** A tensor of zeros. */
  public static Tensor zeros(DType dtype, long... shape) {
    return Memory.heap().allocate(dtype, Shape.of(shape), Layout.CHANNELS_FIRST);
  }

  /** A float32 tensor of zeros. */
  public static Tensor zeros(long... shape) {
    return zeros(DType.FLOAT32, shape);
  }

  /** A float32 tensor of ones. */
  public static Tensor ones(long... shape) {
    return full(1, DType.FLOAT32, shape);
  }

  /** A tensor that holds one value everywhere, converted as {@link #to(DType)} does. */
  public static Tensor full(double value, DType dtype, long... shape) {
    return zeros(dtype, shape).fill(value);
  }

  /** The float32 values 0, 1, ... count - 1. */
  public static Tensor arange(int count) {
    return Creation.arange(count);
  }

  /** Independent float32 draws from the standard normal distribution. */
  public static Tensor randn(RandomStream random, long... shape) {
    return Creation.randn(DType.FLOAT32, random, shape);
  }

  /**
   * Independent draws from the standard normal distribution: the same numbers for either type, of
   * which float32 takes the nearest.
   *
   * @throws IllegalArgumentException if the type is neither float32 nor float64
   */
  public static Tensor randn(DType dtype, RandomStream random, long... shape) {
    return Creation.randn(dtype, random, shape);
  }

  /** Independent float32 draws from the uniform distribution on [low, high). */
  public static Tensor uniform(RandomStream random, double low, double high, long... shape) {
    return Creation.uniform(DType.FLOAT32, random, low, high, shape);
  }

  /**
   * Draws from the uniform distribution on [low, high); see {@link #randn(DType, RandomStream,
   * long...)}.
   */
  public static Tensor uniform(
      DType dtype, RandomStream random, double low, double high, long... shape) {
    return Creation.uniform(dtype, random, low, high, shape);
  }

  /**
   * A float32 tensor over the array itself: writes to one show in the other. For embedders that
   * keep their own buffers.
   *
   * @throws ShapeException if the array is not as long as the shape says
   */
  public static Tensor unsafeWrap(float[] array, Layout layout, long... shape) {
    return Creation.over(new Storage.Floats(array), DType.FLOAT32, layout, shape);
  }

  private static Tensor over(Storage storage, DType dtype, long... shape) {
    return Creation.over(storage, dtype, Layout.CHANNELS_FIRST, shape);
  }

  /** The logical shape. */
  public Shape shape() {
    return shape;
  }

  /** The element type. */
  public DType dtype() {
    return dtype;
  }

  /** The order in memory; {@link Layout#CHANNELS_FIRST} for ranks below 3. */
  public Layout layout() {
    return layout;
  }

  /** Number of axes. */
  public int rank() {
    return shape.rank();
  }

  /** Size of one axis; negative axes count from the end. */
  public int axis(int axis) {
    return (int) shape.axis(axis);
  }

  /** Number of elements. */
  public int size() {
    return (int) shape.size();
  }

  /**
   * The only value as a double.
   *
   * @throws IllegalStateException if there is not exactly one element
   */
  public double item() {
    if (size() != 1) {
      throw new IllegalStateException(
          "item() needs a tensor with one element, this one has shape " + shape);
    }
    return valueAt(offset);
  }

  /** The only value of an integer tensor, exactly; {@link #item} otherwise. */
  public long itemAsLong() {
    return storage() instanceof Storage.Longs s && size() == 1 ? s.array()[offset] : (long) item();
  }

  /** The value at the given position, one index per axis. */
  public double at(long... index) {
    return valueAt(Strides.of(this).position(this, index));
  }

  /** The values as floats, rounded if need be, in row-major order of the shape. */
  public float[] toFloats() {
    Tensor t = Conversion.rowMajor(this, DType.FLOAT32);
    float[] values = t.unsafeFloatArray();
    return t == this ? Arrays.copyOfRange(values, offset, offset + size()) : values;
  }

  /** The values as doubles in row-major order of the shape. */
  public double[] toDoubles() {
    Tensor t = Conversion.rowMajor(this, DType.FLOAT64);
    double[] values = t.unsafeDoubleArray();
    return t == this ? Arrays.copyOfRange(values, offset, offset + size()) : values;
  }

  /** The values as longs, truncated towards zero, in row-major order of the shape. */
  public long[] toLongs() {
    Tensor t = Conversion.rowMajor(this, DType.INT64);
    long[] values = t.unsafeLongArray();
    return t == this ? Arrays.copyOfRange(values, offset, offset + size()) : values;
  }

  /** The bytes of the values as files hold them: little-endian, row-major, channels first. */
  public byte[] toBytes() {
    return RawBytes.of(this);
  }

  /**
   * A tensor from the bytes of a file: little-endian, row-major, channels first.
   *
   * @throws ShapeException if the number of bytes does not fit type and shape
   */
  public static Tensor fromBytes(byte[] bytes, DType dtype, long... shape) {
    return RawBytes.tensor(bytes, dtype, Shape.of(shape));
  }

  /**
   * The same values in row-major order under another shape; one size may be -1 and is worked out.
   * Shares memory; channels last is copied to channels first.
   *
   * @throws ShapeException if the sizes do not fit
   */
  public Tensor reshape(long... sizes) {
    return Views.reshape(this, sizes);
  }

  /**
   * Rows {@code from} (inclusive) to {@code to} (exclusive) of axis 0, as a view.
   *
   * @throws IndexOutOfBoundsException if the range leaves the axis
   */
  public Tensor range(int from, int to) {
    return Views.range(this, from, to);
  }

  /** This tensor in another layout; itself where nothing changes, a copy otherwise. */
  public Tensor to(Layout target) {
    return Conversion.convert(this, dtype, target, Memory.heap());
  }

  /**
   * This tensor in another type; itself where nothing changes, a copy otherwise. Floating-point
   * types round once to nearest, ties to even. Integer types truncate towards zero, take the
   * nearest end of their range beyond it, and 0 for NaN; bool is whether the value is not 0.
   */
  public Tensor to(DType target) {
    return Conversion.convert(this, target, layout, Memory.heap());
  }

  /** A copy on the heap, in the same type and layout, which outlives any arena. */
  public Tensor detach() {
    Tensor copy = Memory.heap().allocate(dtype, shape, layout);
    Conversion.copy(this, copy);
    return copy;
  }

  /**
   * Overwrites this tensor's values with those of another of the same shape, converting type and
   * layout.
   *
   * @throws ShapeException if the shapes differ
   */
  public void copyFrom(Tensor source) {
    Conversion.overwrite(this, source);
  }

  /** Overwrites every value; returns this tensor. */
  public Tensor fill(double value) {
    Conversion.fill(this, value);
    return this;
  }

  // ---- arithmetic on the standard backend

  /** Element-wise sum with broadcasting. */
  public Tensor add(Tensor other) {
    return Backend.standard().binary(BinaryOperation.ADD, this, other);
  }

  /** Element-wise difference with broadcasting. */
  public Tensor sub(Tensor other) {
    return Backend.standard().binary(BinaryOperation.SUB, this, other);
  }

  /** Element-wise product with broadcasting. */
  public Tensor mul(Tensor other) {
    return Backend.standard().binary(BinaryOperation.MUL, this, other);
  }

  /** Element-wise quotient with broadcasting. */
  public Tensor div(Tensor other) {
    return Backend.standard().binary(BinaryOperation.DIV, this, other);
  }

  /** Sum with a number, an integer if the type is one. */
  public Tensor add(double value) {
    return add(Creation.number("add", value, dtype));
  }

  /** Product with a number, an integer if the type is one. */
  public Tensor mul(double value) {
    return mul(Creation.number("mul", value, dtype));
  }

  /** Any element-wise operation of two operands, comparisons included, with broadcasting. */
  public Tensor apply(BinaryOperation operation, Tensor other) {
    return Backend.standard().binary(operation, this, other);
  }

  /** Any element-wise operation of one operand. */
  public Tensor apply(UnaryOperation operation) {
    return Backend.standard().unary(operation, this);
  }

  /** Matrix product of (..., M, K) and (K, N), giving (..., M, N). */
  public Tensor matmul(Tensor other) {
    return Backend.standard().matmul(this, other, false, false);
  }

  /**
   * Sum over the given axes, which vanish; over all axes if none is given. Sums of integers and of
   * truth values are int64 and exact: {@code predicted.apply(EQ, labels).sum()} counts.
   *
   * @throws IllegalArgumentException if a sum of integers does not fit int64, or for float16 and
   *     bfloat16
   */
  public Tensor sum(int... axes) {
    return Backend.standard().sum(this, axes, false);
  }

  /** Mean over the given axes, which vanish; over all axes if none is given. */
  public Tensor mean(int... axes) {
    return Backend.standard().mean(this, axes, false);
  }

  /** Variance over axes (all if none is given), divided by M, or by M - 1 if {@code unbiased}. */
  public Tensor var(boolean unbiased, int... axes) {
    return Backend.standard().var(this, unbiased, axes, false);
  }

  /** Index of the largest value along the last axis, int64; the first one among equals. */
  public Tensor argmax() {
    return argmax(-1);
  }

  /**
   * Index of the largest value along an axis, which vanishes, int64; the first one among equals.
   * NaN is largest. Takes every type.
   *
   * @param axis negative axes count from the end
   * @throws ShapeException if there is no such axis, or it is empty
   */
  public Tensor argmax(int axis) {
    return Backend.standard().argmax(this, axis);
  }

  // ---- memory, for embedders

  /**
   * The array behind a float32 tensor, from {@link #offset} on, in the order of {@link #layout}.
   * Writes show in every view; keep it only while nobody else computes with this tensor.
   *
   * @throws IllegalStateException for another type, or if the tensor's arena is closed
   */
  public float[] unsafeFloatArray() {
    if (storage() instanceof Storage.Floats floats) {
      return floats.array();
    }
    throw wrongType(DType.FLOAT32);
  }

  /** The array behind a float64 tensor; see {@link #unsafeFloatArray}. */
  public double[] unsafeDoubleArray() {
    if (storage() instanceof Storage.Doubles doubles) {
      return doubles.array();
    }
    throw wrongType(DType.FLOAT64);
  }

  /** The array behind an int64 tensor; see {@link #unsafeFloatArray}. */
  public long[] unsafeLongArray() {
    if (storage() instanceof Storage.Longs longs) {
      return longs.array();
    }
    throw wrongType(DType.INT64);
  }

  /** Whether the two lie in the same array, as a tensor and its views do. */
  public boolean sharesMemory(Tensor other) {
    return storage.equals(other.storage); // of arrays, whether they are the same
  }

  /** Position of the first element in the array behind this tensor. */
  public int offset() {
    return offset;
  }

  private IllegalStateException wrongType(DType wanted) {
    return new IllegalStateException(
        "expected a " + wanted + " tensor, this one of shape " + shape + " is " + dtype);
  }

  Storage storage() {
    if (loan != null) {
      loan.checkUsable();
    }
    return storage;
  }

  Arena.@Nullable Loan loan() {
    return loan;
  }

  /** The element at a position of the storage, widened to double. */
  double valueAt(int position) {
    return Conversion.value(storage(), dtype, position);
  }

  /** Values, shape and type; long axes are shortened to their ends. */
  @Override
  public String toString() {
    return TensorText.of(this);
  }
}
