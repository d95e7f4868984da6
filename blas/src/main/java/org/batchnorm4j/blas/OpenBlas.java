package org.batchnorm4j.blas;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.NoSuchElementException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.batchnorm4j.tensor.JavaMatrixMultiply;
import org.batchnorm4j.tensor.MatrixMultiply;
import org.batchnorm4j.tensor.MatrixMultiplyUnavailableException;

/**
 * Matrix multiplication by OpenBLAS on one thread. The garbage collector must wait while native
 * code works on a Java array, so large products are cut into calls of a few milliseconds at most;
 * the cuts follow from the shape alone. Safe for use by many threads.
 */
final class OpenBlas implements MatrixMultiply {
  private static final int ROW_MAJOR = 101;
  private static final int PLAIN = 111;
  private static final int TRANSPOSED = 112;

  private final MemorySegment sgemm;
  private final MemorySegment dgemm;
  private final String name;
  private final MatrixMultiply java = new JavaMatrixMultiply();

  /**
   * The calls, whatever the address of the function. They are constants, so that compiled code sees
   * through them and makes no object for the arrays of a call. These are described by way of
   * buffers, which HotSpot always inlines; slices of segments it does in some runs and not in
   * others.
   */
  private static final class Calls {
    static final MethodHandle SGEMM = multiplication(JAVA_FLOAT);
    static final MethodHandle DGEMM = multiplication(JAVA_DOUBLE);

    private Calls() {}

    @SuppressWarnings("restricted") // native calls are what this class is for
    private static MethodHandle multiplication(MemoryLayout scalar) {
      return Linker.nativeLinker()
          .downcallHandle(
              FunctionDescriptor.ofVoid(
                  JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, scalar, ADDRESS,
                  JAVA_INT, ADDRESS, JAVA_INT, scalar, ADDRESS, JAVA_INT),
              Linker.Option.critical(true));
    }
  }

  private OpenBlas(MemorySegment sgemm, MemorySegment dgemm, String name) {
    this.sgemm = sgemm;
    this.dgemm = dgemm;
    this.name = name;
  }

  /**
   * Loads the library, for the life of the JVM, and sets it to one thread.
   *
   * @throws MatrixMultiplyUnavailableException if it does not load
   */
  @SuppressWarnings("restricted") // native calls are what this class is for
  static OpenBlas load(Path library) throws MatrixMultiplyUnavailableException {
    try {
      Linker linker = Linker.nativeLinker();
      SymbolLookup symbols = SymbolLookup.libraryLookup(library, Arena.global());
      linker
          .downcallHandle(
              symbols.findOrThrow("openblas_set_num_threads"), FunctionDescriptor.ofVoid(JAVA_INT))
          .invokeExact(1);
      return new OpenBlas(
          symbols.findOrThrow("cblas_sgemm"),
          symbols.findOrThrow("cblas_dgemm"),
          name(
              text(linker, symbols, "openblas_get_config"),
              text(linker, symbols, "openblas_get_corename")));
    } catch (IllegalArgumentException | NoSuchElementException | UnsupportedOperationException e) {
      throw new MatrixMultiplyUnavailableException(
          library
              + " does not load ("
              + e.getMessage()
              + "); check that this system has glibc and that the directory allows programs to run",
          e);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  @SuppressWarnings("restricted") // native calls are what this class is for
  private static String text(Linker linker, SymbolLookup symbols, String function)
      throws Throwable {
    MethodHandle call =
        linker.downcallHandle(symbols.findOrThrow(function), FunctionDescriptor.of(ADDRESS));
    return ((MemorySegment) call.invokeExact()).reinterpret(Long.MAX_VALUE).getString(0);
  }

  /**
   * {@code "openblas 0.3.31 (SkylakeX)"} from {@code "OpenBLAS 0.3.31 NO_LAPACKE ..."} and {@code
   * "SkylakeX"}.
   */
  static String name(String config, String processor) {
    Matcher version = Pattern.compile("\\d+(\\.\\d+)+").matcher(config);
    return "openblas "
        + (version.find() ? version.group() : "of unknown version")
        + " ("
        + processor
        + ")";
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void multiply(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      float alpha,
      float[] a,
      int aFrom,
      int lda,
      float[] b,
      int bFrom,
      int ldb,
      float beta,
      float[] c,
      int cFrom,
      int ldc) {
    MatrixMultiply.check(
        transposeA,
        transposeB,
        m,
        n,
        k,
        a.length,
        aFrom,
        lda,
        b.length,
        bFrom,
        ldb,
        c.length,
        cFrom,
        ldc);
    if (m == 0 || n == 0 || k == 0 || alpha == 0f) {
      java.multiply(
          transposeA,
          transposeB,
          m,
          n,
          k,
          alpha,
          a,
          aFrom,
          lda,
          b,
          bFrom,
          ldb,
          beta,
          c,
          cFrom,
          ldc);
      return;
    }
    CallSize size = CallSize.of(m, n, k);
    try {
      for (int i = 0; i < m; i += size.m()) {
        for (int j = 0; j < n; j += size.n()) {
          for (int p = 0; p < k; p += size.k()) {
            int aPiece = index(aFrom, transposeA, i, p, lda);
            int bPiece = index(bFrom, transposeB, p, j, ldb);
            int cPiece = index(cFrom, false, i, j, ldc);
            Calls.SGEMM.invokeExact(
                sgemm,
                ROW_MAJOR,
                transposeA ? TRANSPOSED : PLAIN,
                transposeB ? TRANSPOSED : PLAIN,
                Math.min(size.m(), m - i),
                Math.min(size.n(), n - j),
                Math.min(size.k(), k - p),
                alpha,
                MemorySegment.ofBuffer(FloatBuffer.wrap(a, aPiece, a.length - aPiece)),
                lda,
                MemorySegment.ofBuffer(FloatBuffer.wrap(b, bPiece, b.length - bPiece)),
                ldb,
                p == 0 ? beta : 1f,
                MemorySegment.ofBuffer(FloatBuffer.wrap(c, cPiece, c.length - cPiece)),
                ldc);
          }
        }
      }
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  @Override
  public void multiply(
      boolean transposeA,
      boolean transposeB,
      int m,
      int n,
      int k,
      double alpha,
      double[] a,
      int aFrom,
      int lda,
      double[] b,
      int bFrom,
      int ldb,
      double beta,
      double[] c,
      int cFrom,
      int ldc) {
    MatrixMultiply.check(
        transposeA,
        transposeB,
        m,
        n,
        k,
        a.length,
        aFrom,
        lda,
        b.length,
        bFrom,
        ldb,
        c.length,
        cFrom,
        ldc);
    if (m == 0 || n == 0 || k == 0 || alpha == 0.0) {
      java.multiply(
          transposeA,
          transposeB,
          m,
          n,
          k,
          alpha,
          a,
          aFrom,
          lda,
          b,
          bFrom,
          ldb,
          beta,
          c,
          cFrom,
          ldc);
      return;
    }
    CallSize size = CallSize.of(m, n, k);
    try {
      for (int i = 0; i < m; i += size.m()) {
        for (int j = 0; j < n; j += size.n()) {
          for (int p = 0; p < k; p += size.k()) {
            int aPiece = index(aFrom, transposeA, i, p, lda);
            int bPiece = index(bFrom, transposeB, p, j, ldb);
            int cPiece = index(cFrom, false, i, j, ldc);
            Calls.DGEMM.invokeExact(
                dgemm,
                ROW_MAJOR,
                transposeA ? TRANSPOSED : PLAIN,
                transposeB ? TRANSPOSED : PLAIN,
                Math.min(size.m(), m - i),
                Math.min(size.n(), n - j),
                Math.min(size.k(), k - p),
                alpha,
                MemorySegment.ofBuffer(DoubleBuffer.wrap(a, aPiece, a.length - aPiece)),
                lda,
                MemorySegment.ofBuffer(DoubleBuffer.wrap(b, bPiece, b.length - bPiece)),
                ldb,
                p == 0 ? beta : 1.0,
                MemorySegment.ofBuffer(DoubleBuffer.wrap(c, cPiece, c.length - cPiece)),
                ldc);
          }
        }
      }
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** Where a piece that begins at a row and a column of a matrix begins in its array. */
  private static int index(int from, boolean transposed, int row, int column, int leading) {
    return from + (transposed ? column * leading + row : row * leading + column);
  }

  /** Native functions throw nothing, so this is an error of the JVM, such as no memory left. */
  private static RuntimeException unexpected(Throwable e) {
    return switch (e) {
      case RuntimeException unchecked -> unchecked;
      case Error error -> throw error;
      default -> new IllegalStateException(e);
    };
  }

  @Override
  public String toString() {
    return name;
  }
}
