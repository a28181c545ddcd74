package dev.helm.activities.workspace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A workspace beside a directory that nothing may touch, with every kind of way to it. */
final class HostileField {
  static final String CANARY = "CANARY outside the workspace";

  final Path root;
  final Path outside;

  HostileField(Path top) throws Exception {
    root = Files.createDirectory(top.resolve("workspace"));
    outside = Files.createDirectory(top.resolve("outside"));
    Files.createDirectory(outside.resolve("sub"));
    Files.writeString(outside.resolve("secret"), CANARY);
    Files.writeString(outside.resolve("sub/secret"), CANARY);
    Files.createDirectories(root.resolve("real/deep"));
    Files.createDirectory(root.resolve("dir"));
    Files.writeString(root.resolve("dir/file"), "inside");
    Files.writeString(root.resolve("real/deep/file"), "inside");
    Files.writeString(root.resolve("real/beside"), "beside");
    Map<String, String> links =
        Map.ofEntries(
            Map.entry("out", outside.toString()),
            Map.entry("outrel", "../outside"),
            Map.entry("outfile", outside + "/secret"),
            Map.entry("outfilerel", "../outside/secret"),
            Map.entry("nowhere", "../outside/new"),
            Map.entry("up", ".."),
            Map.entry("chain", "chain2"),
            Map.entry("chain2", "out"),
            Map.entry("loop", "loop2"),
            Map.entry("loop2", "loop"),
            Map.entry("proc", "/proc/self"),
            Map.entry("dev", "/dev"),
            Map.entry("self", "../workspace"),
            Map.entry("dir/out", "../../outside"),
            Map.entry("dir/sneaky", "deep/../../../outside"),
            Map.entry("link2", "real/deep"),
            Map.entry("inner", "dir/file"));
    for (Map.Entry<String, String> link : links.entrySet()) {
      Files.createSymbolicLink(root.resolve(link.getKey()), Path.of(link.getValue()));
    }
    Process made = new ProcessBuilder("mkfifo", root.resolve("fifo").toString()).start();
    if (made.waitFor() != 0) {
      throw new AssertionError("mkfifo");
    }
    try (var socket =
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
      socket.bind(java.net.UnixDomainSocketAddress.of(root.resolve("sock")));
    }
  }

  /** None of these leads to a file that the host may use. */
  List<String> paths() {
    List<String> paths =
        new ArrayList<>(
            List.of(
                "",
                "/",
                "//",
                "/etc/passwd",
                "/etc/shadow",
                "/proc/self/environ",
                "/dev/zero",
                "/dev/tty",
                "/run/helm/x.sock",
                "/slot/../etc/passwd",
                "/slot/else/file",
                "/workspaces/x",
                "/workspace2/x",
                "/Workspace/dir/file",
                "/WORKSPACE/dir/file",
                "/workspace/../outside/secret",
                "/workspace/dir/../../outside/secret",
                "//workspace/dir/file",
                "/./workspace/dir/file",
                "/tmp/../workspace/dir/file",
                "..",
                "../",
                "../workspace",
                "../workspace/dir/file",
                "../outside/secret",
                "../../outside/secret",
                "dir/../../outside/secret",
                "dir//..//..//outside/secret",
                "./../outside/secret",
                "dir/../../workspace/dir/file",
                "../".repeat(40) + "etc/passwd",
                "real/deep/../../../outside/secret",
                "link2/../../../outside/secret",
                "up/outside/secret",
                "out/secret",
                "out/sub/secret",
                "out/sub/../secret",
                "outrel/secret",
                "outfile",
                "outfilerel",
                "nowhere",
                "chain/secret",
                "chain2/secret",
                "loop",
                "loop/file",
                "proc/environ",
                "proc/cwd/file",
                "dev/zero",
                "dev/null",
                "self/dir/file",
                "dir/out/secret",
                "dir/sneaky/secret",
                "fifo",
                "sock",
                "fifo/x",
                "dir/file/x",
                "dir/file/..",
                "dir/file/../file",
                "inner",
                "link2/file",
                "link2/../beside",
                "dir/file\0",
                "\0",
                "dir\0/../../outside/secret",
                "dir/file\n",
                "dir/\nfile",
                "dir/fi\rle",
                "dir/\u001b[2Jfile",
                "dir/\u202efile",
                "dir/\u200bfile",
                "\u2066dir/file",
                "dir/file\u2028",
                "dir/\ufeff/file",
                "dir/\ufffd",
                "dir/\ud800",
                "\udc00/x",
                "a".repeat(256),
                "dir/" + "é".repeat(128),
                "a/".repeat(200) + "f",
                "x".repeat(5000),
                "dir/../".repeat(700) + "dir/file",
                "%2e%2e/outside/secret",
                "..\\outside\\secret",
                "．．/outside/secret",
                "..／outside／secret",
                "‥/outside",
                "~/secret",
                "$HOME/x",
                "DIR/file",
                "dir/FILE",
                "dir/fi\u043be"));
    paths.add(outside.toString());
    paths.add(outside + "/secret");
    return paths;
  }

  /** True while nothing outside has changed. */
  boolean untouched() throws IOException {
    try (Stream<Path> around = Files.walk(root.getParent(), 1);
        Stream<Path> inside = Files.walk(outside)) {
      return around.count() == 3
          && inside.count() == 4
          && Files.readString(outside.resolve("secret")).equals(CANARY)
          && Files.readString(outside.resolve("sub/secret")).equals(CANARY);
    }
  }
}
