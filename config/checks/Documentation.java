import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * What others can use must be documented: every type, method, constructor and field that is visible
 * outside its package has a comment, a type says what threads may do with it, and every package has
 * a {@code @NullMarked} package-info. Whether a comment is well-formed is doclint's part.
 */
final class Documentation extends TreePathScanner<Void, Boolean> {

  private static final Set<Tree.Kind> TYPES =
      Set.of(
          Tree.Kind.CLASS,
          Tree.Kind.RECORD,
          Tree.Kind.INTERFACE,
          Tree.Kind.ENUM,
          Tree.Kind.ANNOTATION_TYPE);

  private static final Pattern THREADS =
      Pattern.compile("\\b(threads?|immutable|stateless|safe for)\\b", Pattern.CASE_INSENSITIVE);

  private final DocTrees docs;
  private final Path root;
  private final Set<String> findings;

  private Documentation(DocTrees docs, Path root, Set<String> findings) {
    this.docs = docs;
    this.root = root;
    this.findings = findings;
  }

  /** One line for each thing that lacks what it should say. */
  static Set<String> findings(Path root, List<Path> sources) throws IOException {
    List<Path> published =
        sources.stream()
            .filter(file -> root.relativize(file).startsWith(module(root, file) + "/src/main/java"))
            .filter(file -> !module(root, file).equals("benchmarks"))
            .filter(file -> !file.endsWith("module-info.java"))
            .toList();
    Set<String> findings = new TreeSet<>();
    for (Path file : published) {
      Path info = file.resolveSibling("package-info.java");
      if (!Files.exists(info) || !Files.readString(info).contains("@NullMarked")) {
        findings.add(root.relativize(info) + ": a @NullMarked package-info is missing");
      }
    }
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null,
                  files,
                  null,
                  List.of("-proc:none"),
                  null,
                  files.getJavaFileObjectsFromPaths(published));
      Documentation documentation = new Documentation(DocTrees.instance(task), root, findings);
      for (CompilationUnitTree unit : task.parse()) {
        documentation.scan(unit, false);
      }
    }
    return findings;
  }

  private static String module(Path root, Path file) {
    return root.relativize(file).getName(0).toString();
  }

  @Override
  public Void visitClass(ClassTree type, Boolean membersAreVisible) {
    boolean outermost = getCurrentPath().getParentPath().getLeaf() instanceof CompilationUnitTree;
    if (!isVisible(type.getModifiers(), membersAreVisible)) {
      return null;
    }
    String comment = expectComment(type.getSimpleName().toString());
    if (outermost && comment != null && !mentionsThreads(comment)) {
      add(type.getSimpleName() + " does not say what threads may do with it");
    }
    boolean implicit =
        type.getKind() == Tree.Kind.INTERFACE || type.getKind() == Tree.Kind.ANNOTATION_TYPE;
    for (Tree member : type.getMembers()) {
      scan(member, implicit);
    }
    return null;
  }

  /** Whole words: what is "unsafe for batch normalisation" says nothing of threads. */
  private static boolean mentionsThreads(String comment) {
    return THREADS.matcher(comment).find();
  }

  @Override
  public Void visitMethod(MethodTree method, Boolean visible) {
    boolean overrides =
        method.getModifiers().getAnnotations().stream()
            .anyMatch(annotation -> annotation.getAnnotationType().toString().equals("Override"));
    if (isVisible(method.getModifiers(), visible) && !overrides && !isImplicit(method)) {
      expectComment(method.getName().toString());
    }
    return null;
  }

  /** A record's compact constructor is documented by the record, a generated one not at all. */
  private boolean isImplicit(MethodTree method) {
    boolean inRecord = getCurrentPath().getParentPath().getLeaf().getKind() == Tree.Kind.RECORD;
    return method.getName().contentEquals("<init>") && (inRecord || position(method) < 0);
  }

  @Override
  public Void visitVariable(VariableTree field, Boolean visible) {
    Tree owner = getCurrentPath().getParentPath().getLeaf();
    boolean component = owner.getKind() == Tree.Kind.RECORD;
    if (TYPES.contains(owner.getKind()) && !component && isVisible(field.getModifiers(), visible)) {
      expectComment(field.getName().toString());
    }
    return null;
  }

  private static boolean isVisible(ModifiersTree modifiers, boolean byDefault) {
    Set<Modifier> flags = modifiers.getFlags();
    return flags.contains(Modifier.PUBLIC)
        || flags.contains(Modifier.PROTECTED)
        || (byDefault && !flags.contains(Modifier.PRIVATE));
  }

  private String expectComment(String name) {
    String comment = docs.getDocComment(getCurrentPath());
    if (comment == null || comment.isBlank()) {
      add(name + " has no documentation");
      return null;
    }
    return comment;
  }

  private long position(Tree tree) {
    return docs.getSourcePositions().getStartPosition(getCurrentPath().getCompilationUnit(), tree);
  }

  private void add(String finding) {
    CompilationUnitTree unit = getCurrentPath().getCompilationUnit();
    long line = unit.getLineMap().getLineNumber(position(getCurrentPath().getLeaf()));
    Path file = Path.of(unit.getSourceFile().toUri());
    findings.add(root.relativize(file) + ":" + line + ": " + finding);
  }
}
