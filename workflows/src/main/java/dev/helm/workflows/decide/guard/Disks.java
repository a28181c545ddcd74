package dev.helm.workflows.decide.guard;

import java.util.List;
import java.util.Map;

/** File systems, partitions, devices. On a plain file they are harmless. */
final class Disks {
  private static final String FORMATTERS =
      "mkfs mke2fs mkswap mkdosfs mkntfs mkexfatfs newfs fdisk sfdisk cfdisk sgdisk gdisk cgdisk parted wipefs blkdiscard"
          + " hdparm badblocks cryptsetup pvcreate pvremove vgremove lvremove vgcreate lvcreate mdadm zpool zfs sg_format nvme resize2fs tune2fs e2fsck fsck debugfs dmsetup losetup partx diskutil format mkinitramfs flashrom nwipe scrub xfs_repair btrfs ddrescue sdparm growpart";

  private Disks() {}

  static void register(Map<String, Programs.Handler> handlers) {
    Programs.register(handlers, Disks::format, FORMATTERS);
    Programs.register(handlers, Disks::dd, "dd dc3dd dcfldd");
    Programs.register(handlers, Disks::fallocate, "fallocate");
    Programs.register(handlers, call -> "", "swapoff swapon blkid lsblk");
  }

  private static String format(Call call) {
    String name = call.name();
    boolean reads =
        call.has(
                "-l",
                "--list",
                "-p",
                "print",
                "--help",
                "-V",
                "--version",
                "list",
                "status",
                "--print",
                "--info",
                "info")
            || (name.matches("hdparm|nvme|zfs|zpool|btrfs|mdadm|losetup|dmsetup")
                && !call.letter('w')
                && !destroys(call));
    for (String argument : call.arguments()) {
      String whole = Paths.resolve(call.state().directory, argument);
      boolean device =
          argument.startsWith("/dev/")
              ? !whole.equals("/dev/null")
              : Marks.unknown(argument.isEmpty() ? ' ' : argument.charAt(0))
                  && !name.matches("zfs|zpool|btrfs|fsck|nvme");
      if (device && !reads && !argument.startsWith("-")) {
        Family family = Family.DISK;
        if (name.equals("debugfs") && !call.letter('w')) {
          family = Family.CONTAINER_ESCAPE;
        }
        call.findings().block(family, Marks.shown(call.argv().get(0) + " " + argument));
      }
    }
    if (name.matches("zpool|zfs|vgremove|lvremove|pvremove|diskutil") && destroys(call)) {
      call.findings().block(Family.DISK, Marks.shown(String.join(" ", call.argv())));
    }
    return String.valueOf(Marks.OUTPUT);
  }

  private static boolean destroys(Call call) {
    return call.name().matches("vgremove|lvremove|pvremove")
        || call.has(
            "destroy",
            "format",
            "sanitize",
            "--zero-superblock",
            "--security-erase",
            "eraseDisk",
            "eraseVolume",
            "remove",
            "wipe_table",
            "write-zeroes",
            "--stop",
            "--user-master",
            "labelclear",
            "create",
            "--create",
            "device",
            "format-nvm");
  }

  private static String dd(Call call) {
    String from = value(call, "if=");
    String to = value(call, "of=");
    String content = from.isEmpty() ? call.input() : Files.read(call.walker(), from, "dd");
    String source = Paths.resolve(call.state().directory, from);
    if (!from.isEmpty() && Paths.device(source)) {
      call.findings()
          .block(
              source.matches("/dev/(k?mem|port)") ? Family.CREDENTIALS : Family.RAW_WRITE,
              "dd reads the device " + Marks.shown(from));
    }
    if (to.isEmpty()) {
      return content;
    }
    Files.write(call.walker(), to, content, false);
    String whole = Paths.resolve(call.state().directory, to);
    if (whole.startsWith("/dev/")
        && !whole.matches("/dev/(null|std(out|err)|fd/\\d+|shm/.*|tty)")) {
      call.findings().block(Family.RAW_WRITE, "dd writes to " + Marks.shown(to));
    }
    boolean endless =
        source.matches("/dev/(zero|u?random|full)")
            && value(call, "count=").isEmpty()
            && !call.has("--help");
    if (!to.isEmpty() && bytes(value(call, "bs=")) * bytes(value(call, "count=")) > 1e12) {
      call.findings().block(Family.BOMB, "dd writes more than a disk holds");
    }
    if (endless && !whole.equals("/dev/null")) {
      call.findings().block(Family.BOMB, "dd fills the disk from " + from);
    }
    return "";
  }

  /** A size such as 4M, in bytes; 0 when it is none. */
  static double bytes(String size) {
    java.util.regex.Matcher matcher =
        java.util.regex.Pattern.compile("(\\d{1,15})([kKMGTPE]?)i?B?").matcher(size);
    return matcher.matches()
        ? Double.parseDouble(String.valueOf(matcher.group(1)))
            * Math.pow(
                1024,
                "_KMGTPE"
                    .indexOf(
                        matcher.group(2).isEmpty()
                            ? "_"
                            : matcher.group(2).toUpperCase(java.util.Locale.ROOT)))
        : 0;
  }

  private static String value(Call call, String name) {
    List<String> values = call.arguments().stream().filter(a -> a.startsWith(name)).toList();
    return values.isEmpty() ? "" : values.get(values.size() - 1).substring(name.length());
  }

  private static String fallocate(Call call) {
    for (String size : call.values("-l", "--length")) {
      if (size.matches("\\d+\\s*[TPEZ](i?B)?|\\d{4,}\\s*G(i?B)?|\\d{13,}")) {
        call.findings().block(Family.BOMB, "A file of " + size + " is made");
      }
    }
    return "";
  }
}
