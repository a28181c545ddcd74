package dev.helm.activities.publish;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.UUID;

/**
 * Puts a bundle into a folder: written beside its place under a name that nobody can guess, in a
 * directory that nobody else can enter, then renamed whole. What is there already is never written
 * to.
 */
final class FolderDrop {
  private final Path folder;

  FolderDrop(Destination.Folder to) {
    this.folder = to.path();
  }

  Handed hand(Bundle bundle, Contents contents) {
    // Attack: the folder is replaced by a link to where only Helm may write. Safeguard: its last
    // name is no link; those before it are the operator's.
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return new Handed.Failed(folder + " is not a folder, or is a link; the operator makes it");
    }
    Path place = folder.resolve(bundle.label());
    try {
      if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
        return already(place, bundle, contents);
      }
      Path fresh = folder.resolve(".helm-" + UUID.randomUUID());
      Files.createDirectory(
          fresh,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      try {
        for (Bundle.Item file : bundle.files()) {
          write(fresh.resolve(file.path()), contents.of(file));
        }
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.move(fresh, place, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Scratch.delete(fresh);
      }
      return new Handed.Done(place.toString());
    } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
      return already(place, bundle, contents);
    } catch (IOException e) {
      return new Handed.Failed(folder + " cannot be written: " + e.getMessage());
    }
  }

  /** An attempt before this one may have put it there. */
  private static Handed already(Path place, Bundle bundle, Contents contents) {
    try {
      if (Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
        for (Bundle.Item file : bundle.files()) {
          if (!same(place, file, contents)) {
            return new Handed.Failed(place + " is there and holds something else");
          }
        }
        return new Handed.Done(place.toString());
      }
    } catch (IOException e) {
      return new Handed.Failed(place + " is there and cannot be read: " + e.getMessage());
    }
    return new Handed.Failed(place + " is there and is no folder");
  }

  private static boolean same(Path place, Bundle.Item file, Contents contents) throws IOException {
    Path path = place.resolve(file.path());
    return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
        && Files.size(path) == file.bytes()
        && Arrays.equals(Files.readAllBytes(path), contents.of(file));
  }

  private static void write(Path path, byte[] content) throws IOException {
    Files.createDirectories(path.getParent());
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }
}
