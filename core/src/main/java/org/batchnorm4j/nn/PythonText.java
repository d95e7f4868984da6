package org.batchnorm4j.nn;

import java.math.BigDecimal;
import org.batchnorm4j.tensor.Shape;

/** Values as Python prints them: {@code 1e-05}, {@code True}, {@code (3, 4)}, {@code (3,)}. */
final class PythonText {
  private PythonText() {}

  static String of(boolean value) {
    return value ? "True" : "False";
  }

  static String of(Shape shape) {
    String text = shape.toString();
    return shape.rank() == 1 ? text.replace(")", ",)") : text;
  }

  /** The shortest digits that read back; an exponent below 1e-4 and from 1e16 on. */
  static String of(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }
    BigDecimal exact = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = exact.precision() - exact.scale() - 1;
    if (value == 0 || (exponent >= -4 && exponent < 16)) {
      String plain = exact.toPlainString();
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String mantissa = exact.movePointLeft(exponent).stripTrailingZeros().toPlainString();
    String size = Integer.toString(Math.abs(exponent));
    return mantissa + (exponent < 0 ? "e-" : "e+") + (size.length() < 2 ? "0" + size : size);
  }
}
