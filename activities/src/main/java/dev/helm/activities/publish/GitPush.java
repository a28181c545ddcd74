package dev.helm.activities.publish;

import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.snapshot.QuietGit;
import dev.helm.api.Secret;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import org.eclipse.jgit.dircache.DirCache;
import org.eclipse.jgit.dircache.DirCacheBuilder;
import org.eclipse.jgit.dircache.DirCacheEditor;
import org.eclipse.jgit.dircache.DirCacheEntry;
import org.eclipse.jgit.dircache.InvalidPathException;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.NullProgressMonitor;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.Ref;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.transport.PushConnection;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.RemoteRefUpdate;
import org.eclipse.jgit.transport.Transport;
import org.eclipse.jgit.transport.TransportHttp;
import org.eclipse.jgit.transport.URIish;
import org.eclipse.jgit.transport.UsernamePasswordCredentialsProvider;
import org.jspecify.annotations.Nullable;

/**
 * Makes one commit on a branch of a remote and pushes it, never by force. A trailer names the call,
 * so that an attempt whose end nobody saw is found again and not made twice.
 */
final class GitPush {
  private static final int DEPTH = 50;
  private static final int TRIES = 3;
  private static final int TIMEOUT_S = 120;
  private static final String TRAILER = "Helm-Publish: ";
  private static final String BASE = "refs/helm/base";

  private final Destination.Git to;
  private final @Nullable Outgoing outgoing;
  private final @Nullable Secret password;
  private final Path scratch;

  /** What an attempt before this one pushed, or this one did, may be there. */
  private boolean sent;

  GitPush(
      Destination.Git to,
      @Nullable Outgoing outgoing,
      @Nullable Secret password,
      Path scratch,
      boolean sent) {
    this.sent = sent;
    this.to = to;
    this.outgoing = outgoing;
    this.password = password;
    this.scratch = scratch;
  }

  Handed hand(Bundle bundle, Contents contents) {
    QuietGit.install();
    Handed last = new Handed.Failed("somebody else pushes to " + to.branch() + " all the time");
    for (int i = 0; i < TRIES; i++) {
      try {
        Handed handed = once(bundle, contents);
        if (!(handed instanceof Handed.Unknown unknown)) {
          if (handed instanceof Handed.Failed failed && failed.why().isEmpty()) {
            continue;
          }
          return handed;
        }
        // It is looked at again: a push that came through shows on the branch.
        sent = true;
        last = unknown;
      } catch (IOException | URISyntaxException | InvalidPathException e) {
        String why = "git: " + e.getMessage();
        return sent ? new Handed.Unknown(why) : new Handed.Failed(why);
      }
    }
    return last;
  }

  /** An empty {@code Failed}: the branch moved meanwhile. */
  private Handed once(Bundle bundle, Contents contents) throws IOException, URISyntaxException {
    Files.createDirectories(scratch);
    Path directory = Files.createTempDirectory(scratch, "git-");
    try (Repository repository =
        new FileRepositoryBuilder().setGitDir(directory.toFile()).setBare().build()) {
      repository.create(true);
      repository.getConfig().setString("http", null, "followRedirects", "false");
      // It is removed in a moment: nothing is to be tidied up in it meanwhile.
      repository.getConfig().setInt("gc", null, "auto", 0);
      ObjectId base = base(repository);
      if (base != null && known(repository, base, bundle)) {
        return new Handed.Done(to.shown() + " (it was there already)");
      }
      ObjectId commit = commit(repository, base, bundle, contents);
      return commit == null
          ? new Handed.Done(to.shown() + " (nothing differs from what is there)")
          : push(repository, base, commit);
    } finally {
      Scratch.delete(directory);
    }
  }

  private Transport open(Repository repository) throws IOException, URISyntaxException {
    Transport transport = Transport.open(repository, new URIish(to.remote().toString()));
    transport.setTimeout(TIMEOUT_S);
    if (transport instanceof TransportHttp http) {
      http.setHttpConnectionFactory(
          GitHttp.through(Objects.requireNonNull(outgoing, "there is no way out")));
    }
    if (password != null) {
      transport.setCredentialsProvider(
          new UsernamePasswordCredentialsProvider(to.user(), password.reveal()));
    }
    return transport;
  }

  private String branch() {
    return Constants.R_HEADS + to.branch();
  }

  /** The branch's tip, fetched with some of its history; null where there is no such branch. */
  private @Nullable ObjectId base(Repository repository) throws IOException, URISyntaxException {
    try (Transport transport = open(repository);
        PushConnection connection = transport.openPush()) {
      if (connection.getRef(branch()) == null) {
        return null;
      }
    }
    try (Transport transport = open(repository)) {
      transport.setDepth(DEPTH);
      transport.fetch(
          NullProgressMonitor.INSTANCE, List.of(new RefSpec("+" + branch() + ":" + BASE)));
    }
    Ref fetched = repository.exactRef(BASE);
    return fetched == null ? null : fetched.getObjectId();
  }

  private static boolean known(Repository repository, ObjectId base, Bundle bundle)
      throws IOException {
    try (RevWalk walk = new RevWalk(repository)) {
      walk.markStart(walk.parseCommit(base));
      int left = DEPTH;
      for (RevCommit commit : walk) {
        if (commit.getFullMessage().contains("\n" + TRAILER + bundle.key())) {
          return true;
        }
        if (--left == 0) {
          break;
        }
      }
    }
    return false;
  }

  private @Nullable ObjectId commit(
      Repository repository, @Nullable ObjectId base, Bundle bundle, Contents contents)
      throws IOException {
    try (ObjectInserter inserter = repository.newObjectInserter();
        RevWalk walk = new RevWalk(repository)) {
      DirCache index = DirCache.newInCore();
      RevCommit parent = base == null ? null : walk.parseCommit(base);
      if (parent != null) {
        DirCacheBuilder builder = index.builder();
        builder.addTree(new byte[0], 0, walk.getObjectReader(), parent.getTree());
        builder.finish();
      }
      DirCacheEditor editor = index.editor();
      for (Bundle.Item file : bundle.files()) {
        ObjectId blob = inserter.insert(Constants.OBJ_BLOB, contents.of(file));
        editor.add(new Put((to.path().isEmpty() ? "" : to.path() + "/") + file.path(), blob));
      }
      editor.finish();
      ObjectId tree = index.writeTree(inserter);
      if (parent != null && tree.equals(parent.getTree())) {
        return null;
      }
      CommitBuilder commit = new CommitBuilder();
      commit.setTreeId(tree);
      if (parent != null) {
        commit.setParentId(parent);
      }
      PersonIdent helm =
          new PersonIdent(
              "Helm", "helm@helm.invalid", Instant.ofEpochMilli(bundle.madeAtMs()), ZoneOffset.UTC);
      commit.setAuthor(helm);
      commit.setCommitter(helm);
      commit.setMessage(message(bundle));
      ObjectId made = inserter.insert(commit);
      inserter.flush();
      return made;
    }
  }

  /** Attack: a message that ends in a trailer of another call. Safeguard: it is one line. */
  private static String message(Bundle bundle) {
    String line = bundle.message().replaceAll("[\\p{Cntrl}\\s]+", " ").strip();
    return (line.isEmpty() ? "Publish " + bundle.files().size() + " files" : line)
        + "\n\nHelm-Run: "
        + bundle.run()
        + "\n"
        + TRAILER
        + bundle.key()
        + "\n";
  }

  private Handed push(Repository repository, @Nullable ObjectId base, ObjectId commit)
      throws IOException, URISyntaxException {
    RemoteRefUpdate update =
        new RemoteRefUpdate(
            repository,
            commit.name(),
            commit,
            branch(),
            false,
            null,
            base == null ? ObjectId.zeroId() : base);
    try (Transport transport = open(repository)) {
      transport.push(NullProgressMonitor.INSTANCE, List.of(update));
    } catch (IOException e) {
      return new Handed.Unknown("the connection broke while it was pushed: " + e.getMessage());
    }
    return switch (update.getStatus()) {
      case OK, UP_TO_DATE ->
          new Handed.Done(to.shown() + " (commit " + commit.abbreviate(12).name() + ")");
      case REJECTED_NONFASTFORWARD, REJECTED_REMOTE_CHANGED -> new Handed.Failed("");
      case REJECTED_OTHER_REASON, REJECTED_NODELETE, NON_EXISTING, NOT_ATTEMPTED ->
          new Handed.Failed("the remote refused the push: " + update.getMessage());
      case AWAITING_REPORT -> new Handed.Unknown("the remote did not say whether it took the push");
    };
  }

  private static final class Put extends DirCacheEditor.PathEdit {
    private final ObjectId blob;

    Put(String path, ObjectId blob) {
      super(path);
      this.blob = blob;
    }

    @Override
    public void apply(DirCacheEntry entry) {
      entry.setFileMode(FileMode.REGULAR_FILE);
      entry.setObjectId(blob);
    }
  }
}
