package dev.helm.activities.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.egress.HostName;
import dev.helm.activities.egress.OperatorTarget;
import dev.helm.activities.egress.Outgoing;
import dev.helm.activities.hook.HookRunner;
import dev.helm.activities.publish.Destination;
import dev.helm.activities.publish.GitServer;
import dev.helm.activities.publish.Publishing;
import dev.helm.activities.run.Plans;
import dev.helm.activities.secret.Scrubber;
import dev.helm.activities.secret.Secrets;
import dev.helm.api.Secret;
import dev.helm.api.blueprint.Blueprint;
import dev.helm.workflows.ToolActivity.Phase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevCommit;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One call is one commit on a branch of a real bare repository. */
@Timeout(120)
class PublishGitTest {
  private static final String TOKEN = "ghp-0123456789-token";
  private static final String CALL =
      "{\"files\":[\"out/a.txt\",\"b.txt\"],\"to\":\"reports\",\"message\":\"Q1\\n\\nHelm-Publish:"
          + " x\"}";

  @TempDir private Path directory;
  private Path workspace;

  @BeforeEach
  void begin() throws IOException {
    workspace = directory.resolve("workspace");
    Files.createDirectories(workspace.resolve("out"));
    Files.writeString(workspace.resolve("out/a.txt"), "one\n");
    Files.writeString(workspace.resolve("b.txt"), "two\n");
  }

  private ToolRig rig(URI remote, @Nullable String secret, @Nullable Outgoing out) {
    Blueprint plan = Plans.rules(List.of(), List.of(), List.of("Publish"));
    List<String> tools = new ArrayList<>(plan.tools());
    tools.add("Publish");
    Destination.Git to = new Destination.Git(remote, "published", "from-helm", "helm", secret);
    ToolRig rig =
        new ToolRig(
            plan.withTools(tools),
            "Publish",
            CALL,
            null,
            new Elsewhere(
                RunTools.NATIVE,
                new Token(),
                out,
                HookRunner.none(),
                ForeignTools.NONE,
                Publishing.of(
                    List.of(new Destination.Named("reports", to, List.of())),
                    () -> {
                      throw new AssertionError("nothing is signed");
                    },
                    directory.resolve("scratch"))));
    rig.sandbox.workspace = workspace;
    return rig;
  }

  private record Token() implements Secrets {
    @Override
    public @Nullable Secret get(String project, String name) {
      return name.equals("GIT_TOKEN") ? Secret.of(TOKEN) : null;
    }

    @Override
    public Scrubber scrubber(String project) {
      return Scrubber.of(Map.of("GIT_TOKEN", List.of(Secret.of(TOKEN))));
    }

    @Override
    public void hide(String project, String name, Secret value, long untilMs) {
      throw new IllegalStateException("no tokens here");
    }
  }

  private Path bare(String name) throws Exception {
    Path bare = directory.resolve(name);
    Git.init().setBare(true).setDirectory(bare.toFile()).call().close();
    return bare;
  }

  private static URI file(Path bare) {
    return URI.create("file://" + bare);
  }

  @Test
  void howeverOftenItDiesThereIsOneCommit() throws Exception {
    for (int n = 1; n < 100; n++) {
      Path bare = bare("remote-" + n + ".git");
      try (ToolRig rig = rig(file(bare), null, null)) {
        rig.store.crashes.at(n);
        assertThat(rig.told(rig.stepUntilDone(new Phase.Asked()))).startsWith("Handed 2 files");
        List<RevCommit> commits = commits(bare);
        assertThat(commits).as("death %d", n).hasSize(1);
        assertThat(commits.getFirst().getFullMessage())
            .startsWith("Q1 Helm-Publish: x\n\nHelm-Run: ");
        assertThat(paths(bare)).containsExactly("from-helm/b.txt", "from-helm/out/a.txt");
        if (rig.store.crashes.pending()) {
          assertThat(n).isGreaterThan(4);
          try (Stream<Path> left = Files.list(directory.resolve("scratch"))) {
            assertThat(left).isEmpty();
          }
          return;
        }
      }
    }
    throw new AssertionError("the deaths never end");
  }

  @Test
  void whatOthersHaveOnTheBranchStays() throws Exception {
    Path bare = bare("remote.git");
    try (Git theirs =
        Git.cloneRepository()
            .setURI(bare.toString())
            .setDirectory(directory.resolve("clone").toFile())
            .call()) {
      Files.writeString(directory.resolve("clone/README"), "theirs\n");
      theirs.add().addFilepattern("README").call();
      theirs.commit().setMessage("first").setSign(false).call();
      theirs
          .push()
          .setRefSpecs(new org.eclipse.jgit.transport.RefSpec("HEAD:refs/heads/published"))
          .call();
    }
    try (ToolRig rig = rig(file(bare), null, null)) {
      rig.step(new Phase.Asked());
      assertThat(paths(bare)).containsExactly("README", "from-helm/b.txt", "from-helm/out/a.txt");
      assertThat(commits(bare)).hasSize(2);
    }
    // Somebody else goes on; the same call, whose end was lost, is found below that.
    try (ToolRig rig = rig(file(bare), null, null)) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).contains("it was there already");
      assertThat(commits(bare)).hasSize(2);
    }
  }

  @Test
  void aRemoteThatIsNotThereIsTold() {
    try (ToolRig rig = rig(file(directory.resolve("none.git")), null, null)) {
      assertThat(rig.told(rig.step(new Phase.Asked()))).startsWith("Not published: git: ");
    }
  }

  @Test
  void realGitOverHttpTakesThePushWithTheTokenOnly() throws Exception {
    Path bare = bare("remote.git");
    try (GitServer server = new GitServer(directory, "helm", TOKEN)) {
      Outgoing out =
          new Outgoing(
              host -> List.of(),
              List.of(
                  new OperatorTarget(
                      HostName.parse("git.test"),
                      80,
                      OperatorTarget.Protocol.HTTP,
                      InetAddress.getLoopbackAddress(),
                      server.port())),
              List.of());
      URI remote = URI.create("http://git.test/remote.git");
      try (ToolRig rig = rig(remote, null, out)) {
        assertThat(rig.told(rig.step(new Phase.Asked()))).startsWith("Not published: git: ");
      }
      try (ToolRig rig = rig(remote, "GIT_TOKEN", out)) {
        assertThat(rig.told(rig.step(new Phase.Asked()))).startsWith("Handed 2 files to git http");
        assertThat(rig.store.everything()).doesNotContain(TOKEN);
      }
      assertThat(paths(bare)).containsExactly("from-helm/b.txt", "from-helm/out/a.txt");
      assertThat(commits(bare)).hasSize(1);
      Files.writeString(workspace.resolve("b.txt"), "three\n");
      try (ToolRig rig = rig(remote, "GIT_TOKEN", out)) {
        assertThat(rig.told(rig.step(new Phase.Asked()))).contains("it was there already");
      }
    }
  }

  private static List<RevCommit> commits(Path bare) throws IOException {
    List<RevCommit> commits = new ArrayList<>();
    try (Git git = Git.open(bare.toFile());
        RevWalk walk = new RevWalk(git.getRepository())) {
      walk.markStart(walk.parseCommit(git.getRepository().resolve("refs/heads/published")));
      walk.forEach(commits::add);
    }
    return commits;
  }

  private static List<String> paths(Path bare) throws IOException {
    List<String> paths = new ArrayList<>();
    try (Git git = Git.open(bare.toFile());
        RevWalk walk = new RevWalk(git.getRepository());
        TreeWalk tree = new TreeWalk(git.getRepository())) {
      Repository repository = git.getRepository();
      tree.addTree(walk.parseCommit(repository.resolve("refs/heads/published")).getTree());
      tree.setRecursive(true);
      while (tree.next()) {
        paths.add(tree.getPathString());
      }
    }
    return paths;
  }
}
