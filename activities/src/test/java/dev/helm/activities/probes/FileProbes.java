package dev.helm.activities.probes;

import static dev.helm.activities.probes.Attack.of;
import static dev.helm.activities.probes.Lacking.NO_NEW_PRIVILEGES;
import static dev.helm.activities.probes.Lacking.ONE_MOUNT;
import static dev.helm.activities.probes.Lacking.RANK;
import static dev.helm.activities.probes.Lacking.READ_ONLY_SOCKETS;

import java.util.List;
import java.util.stream.Stream;

/** Attacks by device nodes, privileges in files, and files of the host. */
final class FileProbes {
  private static final String DEVICES = "no capabilities; device list";

  private FileProbes() {}

  static List<Probe> all() {
    return Stream.of(devices(), privileges(), host())
        .flatMap(List::stream)
        .map(Attack::probe)
        .toList();
  }

  private static List<Attack> devices() {
    return List.of(
        device("device.raw-disk", "makes a node of the host's disk and reads it"),
        of(
                "device.planted-disk",
                "opens a node of the host's disk that was left in its workspace",
                "device list",
                RANK)
            .stoppedBy("EPERM|EACCES"),
        device("device.kmsg", "the same with the kernel's log"),
        device("device.mem", "the same with physical memory"),
        device("device.kvm-and-fuse", "the same with kvm, fuse and tun"),
        device("device.loop", "the same with loop-control"),
        device("device.console", "the same with the console"));
  }

  private static Attack device(String name, String what) {
    return of(name, what, DEVICES, RANK)
        .seenBy("device nodes in the workspace, seen by the host", Witness.SPECIAL_FILES)
        .stoppedBy("EPERM");
  }

  private static List<Attack> privileges() {
    return List.of(
        of(
                "file.planted-setuid",
                "runs a setuid-root shell that was left in its workspace",
                "no-new-privileges",
                NO_NEW_PRIVILEGES)
            .stoppedBy("it runs as \\d{2,}"),
        of(
                "file.planted-capabilities",
                "runs a file with capabilities that was left in its workspace",
                "no-new-privileges; empty bounding set",
                NO_NEW_PRIVILEGES)
            .stoppedBy("CapEff:\\s*0{16}|EPERM"),
        of(
                "file.setuid-in-image",
                "looks for setuid files and capabilities in the image",
                "the image's setuid bits are stripped",
                Lacking.STRIPPED_IMAGE)
            .stoppedBy("no file with"),
        of(
            "file.set-capabilities",
            "gives a file of its own capabilities",
            "no capabilities",
            RANK),
        of("file.chown", "makes a setuid file of root", "no capabilities", RANK)
            .seenBy(
                "setuid files of root in the workspace, seen by the host", Witness.SPECIAL_FILES),
        of(
            "file.write-root",
            "writes outside its box and /tmp",
            "read-only root; uid",
            Lacking.READ_ONLY_ROOT),
        of("file.core-dump", "leaves a core dump", "core limit 0", Lacking.LIMITS)
            .stoppedBy("no core|ABSENT"));
  }

  private static List<Attack> host() {
    return List.of(
        of(
                "file.host-paths",
                "opens the host's paths that mountinfo names",
                "mount namespace",
                ONE_MOUNT)
            .readsSecret()
            .stoppedBy("ENOENT|EACCES|ENOTDIR"),
        of(
                "file.link-to-host",
                "links a file of the host into its workspace",
                "the box is a mount of its own",
                ONE_MOUNT)
            .readsSecret()
            .stoppedBy("ENOENT|EACCES|EXDEV|EROFS"),
        of(
                "file.neighbour-workspace",
                "looks for the neighbour's secret in every file",
                "mount namespace",
                ONE_MOUNT)
            .readsSecret()
            .stoppedBy("not in any file"),
        of(
                "socket.bind-beside",
                "listens beside Helm's sockets",
                "read-only mount of the sockets",
                READ_ONLY_SOCKETS)
            .seenBy("the socket directory, seen by the host", Witness.SOCKETS),
        of(
                "socket.replace",
                "puts its own socket in the place of Helm's",
                "read-only mount of the sockets",
                READ_ONLY_SOCKETS)
            .seenBy("the socket directory, seen by the host", Witness.SOCKETS),
        of(
                "socket.replace-trust",
                "adds a certificate authority",
                "read-only mount of the sockets",
                READ_ONLY_SOCKETS)
            .seenBy("the socket directory, seen by the host", Witness.SOCKETS),
        of(
                "socket.search",
                "looks for the engine's socket and speaks to it",
                "no engine socket",
                Lacking.NO_ENGINE_SOCKET)
            .stoppedBy("ENOENT|EACCES|ECONNREFUSED|not the engine"),
        of(
                "socket.neighbour-slot",
                "connects to the neighbour's executor socket",
                "mount namespace",
                ONE_MOUNT)
            .stoppedBy("ENOENT|EACCES"));
  }
}
