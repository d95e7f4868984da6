package org.batchnorm4j.nearmisses;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/** Compiles a class with a fault in it. Safe for use by several threads. */
final class Planter {
  private final BuiltProject project;
  private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();

  Planter(BuiltProject project) {
    this.project = project;
  }

  /**
   * Returns the source with the fault in it.
   *
   * @throws IllegalStateException if a text is not there exactly once: the list has to follow
   */
  String faulty(Fault fault) throws IOException {
    String source = Files.readString(project.source(fault.module(), fault.type()));
    int start = 0;
    if (!fault.after().isEmpty()) {
      Matcher anchor = pattern(fault.after()).matcher(source);
      requireFound(anchor.find(), fault, fault.after());
      start = anchor.end();
      if (anchor.find()) {
        throw stale(fault, fault.after(), "more than once");
      }
    }
    String head = source.substring(0, start);
    String rest = source.substring(start);
    for (Fault.Edit edit : fault.edits()) {
      Matcher matcher = pattern(edit.text()).matcher(rest);
      requireFound(matcher.find(), fault, edit.text());
      String changed =
          rest.substring(0, matcher.start()) + edit.replacement() + rest.substring(matcher.end());
      // behind an anchor the first place is meant, else there must be no other
      if (start == 0 && matcher.find()) {
        throw stale(fault, edit.text(), "more than once");
      }
      rest = changed;
    }
    return head + rest;
  }

  private static Pattern pattern(String text) {
    return Pattern.compile(
        Stream.of(text.trim().split("\\s+"))
            .map(Pattern::quote)
            .collect(Collectors.joining("\\s+")));
  }

  private static void requireFound(boolean found, Fault fault, String text) {
    if (!found) {
      throw stale(fault, text, "nowhere");
    }
  }

  private static IllegalStateException stale(Fault fault, String text, String where) {
    return new IllegalStateException(
        "faults.txt: \""
            + fault.title()
            + "\": the text \""
            + text
            + "\" is "
            + where
            + " in "
            + fault.type()
            + "; write the fault so that it fits the class as it is now");
  }

  /** Compiles the faulty class into a folder. */
  void plant(Fault fault, Path into) throws IOException {
    String source = faulty(fault);
    DiagnosticCollector<JavaFileObject> findings = new DiagnosticCollector<>();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(findings, null, StandardCharsets.UTF_8)) {
      files.setLocationFromPaths(StandardLocation.CLASS_OUTPUT, List.of(into));
      String path = project.classes().stream().map(Path::toString).collect(Collectors.joining(":"));
      List<String> options =
          List.of(
              "-proc:none",
              "-nowarn",
              "-g",
              "--add-modules",
              "jdk.incubator.vector",
              "-cp",
              (path + ":" + System.getProperty("java.class.path"))
                  .replace(":", java.io.File.pathSeparator));
      boolean compiled =
          compiler
              .getTask(
                  null, files, findings, options, null, List.of(new Text(fault.type(), source)))
              .call();
      if (!compiled) {
        throw new IllegalStateException(
            "faults.txt: \""
                + fault.title()
                + "\" does not compile: "
                + findings.getDiagnostics().stream()
                    .filter(finding -> finding.getKind() == Diagnostic.Kind.ERROR)
                    .findFirst());
      }
    }
  }

  /** A source in memory. */
  private static final class Text extends SimpleJavaFileObject {
    private final String source;

    Text(String type, String source) {
      super(URI.create("string:///" + type.replace('.', '/') + ".java"), Kind.SOURCE);
      this.source = source;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return source;
    }
  }
}
