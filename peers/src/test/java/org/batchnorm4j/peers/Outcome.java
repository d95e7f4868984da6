package org.batchnorm4j.peers;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a library made of a case. */
sealed interface Outcome {

  /** It was refused. */
  record Refused(String message) implements Outcome {}

  /** Values in row-major order, by the name of the quantity. */
  record Computed(Map<String, double[]> values) implements Outcome {

    static Computed empty() {
      return new Computed(new LinkedHashMap<>());
    }

    void put(String quantity, double @Nullable [] numbers) {
      if (numbers != null) {
        values.put(quantity, numbers);
      }
    }
  }
}
