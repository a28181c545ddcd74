package dev.helm.activities.probes;

import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What "privileged" means: every capability, no seccomp, all devices, nothing masked or read-only.
 * Not the engine's own switch, which fails where this machine's root lacks a capability itself.
 */
final class Rank {
  /** By number; the newer ones are part of SYS_ADMIN, and engines may not know them. */
  private static final List<String> NAMES =
      List.of(
          ("CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP"
                  + " LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK"
                  + " IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN"
                  + " SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE"
                  + " AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND"
                  + " AUDIT_READ")
              .split(" "));

  /** Makes writable what the engine leaves read-only without its switch. */
  static final String UNLOCK =
      """
      mount -o remount,rw /sys
      for at in $(awk '$5 ~ "^/sys/fs/cgroup" {print $5}' /proc/self/mountinfo); do
        mount -o remount,bind,rw "$at"
      done
      """;

  private Rank() {}

  static HostConfig full(HostConfig hardened) {
    return hardened
        .withCapDrop()
        .withCapAdd(capabilities().toArray(Capability[]::new))
        .withSecurityOpts(List.of("no-new-privileges", "seccomp=unconfined", "apparmor=unconfined"))
        .withDeviceCgroupRules(List.of("a *:* rwm"));
  }

  /** As many open files as this machine's root may give. */
  static long openFiles() {
    for (String line : lines(Path.of("/proc/self/limits"))) {
      if (line.startsWith("Max open files")) {
        String hard = line.substring(26).strip().split("\\s+")[1];
        return hard.equals("unlimited") ? 65536 : Math.min(65536, Long.parseLong(hard));
      }
    }
    return 65536;
  }

  /** Whether root on this machine has a capability to give. */
  static boolean has(String capability) {
    return (bounding() >>> NAMES.indexOf(capability) & 1) == 1;
  }

  private static List<Capability> capabilities() {
    List<Capability> all = new ArrayList<>();
    for (String name : NAMES) {
      if (has(name)) {
        all.add(Capability.valueOf(name));
      }
    }
    return all;
  }

  private static long bounding() {
    for (String line : lines(Path.of("/proc/self/status"))) {
      if (line.startsWith("CapBnd:")) {
        return Long.parseUnsignedLong(line.substring(7).strip(), 16);
      }
    }
    return 0;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
