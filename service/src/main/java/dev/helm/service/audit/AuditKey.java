package dev.helm.service.audit;

import dev.helm.api.bundle.Checkpoint;
import dev.helm.api.bundle.SignerKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Set;

/**
 * The key that signs checkpoints and exports: Ed25519, in {@code keys/audit.key}, outside the
 * database, mode 600, made at the first start. Moved away, the next start makes another; its public
 * half stays in the database.
 */
public final class AuditKey {
  private static final String ALGORITHM = "Ed25519";
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  private final PrivateKey key;
  private final SignerKey signer;

  private AuditKey(PrivateKey key, SignerKey signer) {
    this.key = key;
    this.signer = signer;
  }

  /**
   * Reads the key of a home, or makes it.
   *
   * @throws IOException when it cannot be made, is damaged, or others may read it
   */
  public static AuditKey of(Path home) throws IOException {
    Path file = home.resolve("keys").resolve("audit.key");
    try {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        make(file);
      }
      return read(file);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(
          file
              + " is damaged; put it back from a backup, or remove it for a new key and tell those"
              + " who pinned the old one",
          e);
    }
  }

  private static void make(Path file) throws IOException, GeneralSecurityException {
    Files.createDirectories(
        file.getParent(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    KeyPair pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
    String text =
        pem("PRIVATE", pair.getPrivate().getEncoded())
            + pem("PUBLIC", pair.getPublic().getEncoded());
    Path fresh = Files.createTempFile(file.getParent(), "audit", ".new");
    try {
      Files.setPosixFilePermissions(fresh, OWNER_ONLY);
      try (FileChannel out = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      // Else a power cut takes the key, and what it signed meanwhile has an unknown signer.
      try (FileChannel folder = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
        folder.force(true);
      }
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static String pem(String kind, byte[] encoded) {
    String text = Base64.getEncoder().encodeToString(encoded);
    return "-----BEGIN %s KEY-----\n%s\n-----END %s KEY-----\n".formatted(kind, text, kind);
  }

  private static AuditKey read(Path file) throws IOException, GeneralSecurityException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException(file + " is not a plain file; remove it and start again");
    }
    if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS))) {
      throw new IOException(file + " can be read by other users; run chmod 600 on it");
    }
    String text = Files.readString(file);
    List<SignerKey> signers = SignerKey.ofPem(text);
    int from = text.indexOf("KEY-----\n") + 9;
    int to = text.indexOf("\n-----END PRIVATE");
    if (!text.startsWith("-----BEGIN PRIVATE KEY-----\n") || to < from) {
      throw new IllegalArgumentException("no private key");
    }
    byte[] encoded = Base64.getDecoder().decode(text.substring(from, to));
    PrivateKey key =
        KeyFactory.getInstance(ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(encoded));
    AuditKey both = new AuditKey(key, signers.getFirst());
    if (!both.signer.signed("helm", both.sign("helm"))) {
      throw new IllegalArgumentException("its halves do not belong together");
    }
    return both;
  }

  /** The public half. */
  public SignerKey signer() {
    return signer;
  }

  /** Its fingerprint. */
  public String id() {
    return signer.id();
  }

  /** Base64 Ed25519 over the text's UTF-8 bytes. */
  public String sign(String text) {
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(key);
      signature.update(text.getBytes(StandardCharsets.UTF_8));
      return Base64.getEncoder().encodeToString(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has Ed25519", e);
    }
  }

  /** A signed checkpoint. */
  public Checkpoint checkpoint(String run, long seq, String hash, String at) {
    return new Checkpoint(run, seq, hash, at, id(), sign(Checkpoint.text(run, seq, hash, at)));
  }
}
