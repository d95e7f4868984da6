package org.batchnorm4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Copies a jar whose class files are older than version 50, such as picocli's, and gives them stack
 * maps. Only by these maps a cache of linked classes knows a class as verified; without them each
 * start reads and verifies it again. Code stays as it is, as do newer classes and other files; the
 * manifest of the copy says that it was changed. The launcher's build uses it for the jars that it
 * starts from. Stateless.
 */
final class OldClasses {
  private static final String SUFFIX = ".class";

  private OldClasses() {}

  /** Copies the first path to the second, which is replaced. */
  public static void main(String[] paths) throws IOException {
    renew(Path.of(paths[0]), Path.of(paths[1]));
  }

  /**
   * Copies {@code from} to {@code to}.
   *
   * @throws IOException if {@code from} is no jar, or one of them cannot be read or written
   */
  static void renew(Path from, Path to) throws IOException {
    try (JarFile jar = new JarFile(from.toFile());
        OutputStream file = Files.newOutputStream(to);
        ZipOutputStream out = new ZipOutputStream(file)) {
      ClassFile format =
          ClassFile.of(
              StackMapsOption.GENERATE_STACK_MAPS,
              ClassFile.ClassHierarchyResolverOption.of(hierarchy(jar)));
      for (JarEntry entry : Collections.list(jar.entries())) {
        ZipEntry copy = new ZipEntry(entry.getName());
        copy.setTime(entry.getTime());
        out.putNextEntry(copy);
        if (entry.getName().equals(JarFile.MANIFEST_NAME)) {
          manifest(jar).write(out);
        } else {
          byte[] bytes = bytes(jar, entry);
          out.write(entry.getName().endsWith(SUFFIX) ? renewed(format, bytes) : bytes);
        }
        out.closeEntry();
      }
    }
  }

  private static byte[] renewed(ClassFile format, byte[] bytes) {
    ClassModel old = format.parse(bytes);
    if (old.majorVersion() >= ClassFile.JAVA_6_VERSION) {
      return bytes;
    }
    // code that is passed on is written anew, with its maps
    ClassTransform code = ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL);
    ClassTransform version =
        (builder, element) -> {
          if (element instanceof ClassFileVersion) {
            builder.withVersion(ClassFile.JAVA_6_VERSION, 0);
          } else {
            builder.with(element);
          }
        };
    return format.transformClass(old, code.andThen(version));
  }

  /** The classes of the jar, then those of this JVM. */
  private static ClassHierarchyResolver hierarchy(JarFile jar) {
    return ClassHierarchyResolver.ofResourceParsing(
            name -> {
              String type = name.descriptorString(); // Lname;
              String path = type.substring(1, type.length() - 1) + SUFFIX;
              JarEntry entry = jar.getJarEntry(path);
              try {
                return entry == null ? null : jar.getInputStream(entry);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            })
        .orElse(ClassHierarchyResolver.defaultResolver());
  }

  private static Manifest manifest(JarFile jar) throws IOException {
    Manifest manifest = new Manifest(jar.getManifest());
    manifest
        .getMainAttributes()
        .put(
            new Attributes.Name("Changed-By"),
            "batchnorm4j: stack maps for class files older than version 50");
    return manifest;
  }

  private static byte[] bytes(JarFile jar, JarEntry entry) throws IOException {
    try (InputStream in = jar.getInputStream(entry)) {
      return in.readAllBytes();
    }
  }
}
