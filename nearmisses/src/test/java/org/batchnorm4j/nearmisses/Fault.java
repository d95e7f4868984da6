package org.batchnorm4j.nearmisses;

import java.util.List;

/**
 * A fault to plant in one source file.
 *
 * @param title what is wrong then
 * @param often whether it is planted in every build
 * @param module the folder of the module
 * @param type full name of the class
 * @param after text behind which the edits begin, or empty
 * @param edits what is replaced
 * @param caughtBy tests that must fail, at least one: {@code package.Class#method}
 */
record Fault(
    String title,
    boolean often,
    String module,
    String type,
    String after,
    List<Edit> edits,
    List<String> caughtBy) {

  /** A text and what takes its place; white space in the text stands for any white space. */
  record Edit(String text, String replacement) {}
}
