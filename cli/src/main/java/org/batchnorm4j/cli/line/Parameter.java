package org.batchnorm4j.cli.line;

/**
 * What is written behind a command without a name. Every one must be given. Immutable and safe for
 * use by many threads.
 *
 * @param label what help calls it
 * @param repeated whether it may be given more than once; the last one only
 * @param description for help, a paragraph
 */
public record Parameter(String label, boolean repeated, String description) {

  /** A parameter that is given once. */
  public static Parameter once(String label, String description) {
    return new Parameter(label, false, description);
  }

  /** A parameter that is given once or more. */
  public static Parameter repeated(String label, String description) {
    return new Parameter(label, true, description);
  }

  /** As help shows it. */
  String form() {
    return repeated ? label + "..." : label;
  }
}
