package dev.helm.activities.practice;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * A certificate authority that lives as long as its process, and one server certificate from it.
 * The authority's private key is dropped here and never written.
 */
final class DemoCertificates {
  private static final byte[] ECDSA_SHA256 = Der.sequence(Der.oid(1, 2, 840, 10045, 4, 3, 2));
  private static final Duration LIFE = Duration.ofDays(30);

  private final X509Certificate authority;
  private final SSLContext server;

  private DemoCertificates(X509Certificate authority, SSLContext server) {
    this.authority = authority;
    this.server = server;
  }

  /** Makes both for the given DNS names. */
  static DemoCertificates make(List<String> hosts) throws GeneralSecurityException, IOException {
    KeyPair ca = keyPair();
    KeyPair leaf = keyPair();
    byte[] caName = name("Helm demo site (fictitious), local authority");
    byte[] leafName = name("Helm demo site (fictitious)");
    X509Certificate caCert =
        sign(ca.getPrivate(), caName, caName, ca.getPublic(), caExtensions(ca.getPublic()));
    X509Certificate leafCert =
        sign(
            ca.getPrivate(),
            caName,
            leafName,
            leaf.getPublic(),
            leafExtensions(leaf.getPublic(), ca.getPublic(), hosts));
    leafCert.verify(ca.getPublic());
    return new DemoCertificates(caCert, context(leaf.getPrivate(), leafCert, caCert));
  }

  SSLContext server() {
    return server;
  }

  /** The authority's certificate, for the clients' trust bundle. */
  String authorityPem() throws GeneralSecurityException {
    Base64.Encoder lines = Base64.getMimeEncoder(64, new byte[] {'\n'});
    return "-----BEGIN CERTIFICATE-----\n"
        + lines.encodeToString(authority.getEncoded())
        + "\n-----END CERTIFICATE-----\n";
  }

  private static KeyPair keyPair() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static byte[] name(String commonName) {
    return Der.sequence(Der.set(Der.sequence(Der.oid(2, 5, 4, 3), Der.utf8(commonName))));
  }

  private static X509Certificate sign(
      PrivateKey key, byte[] issuer, byte[] subject, PublicKey subjectKey, byte[] extensions)
      throws GeneralSecurityException {
    Instant now = Instant.now();
    byte[] validity =
        Der.sequence(Der.utcTime(now.minus(Duration.ofHours(1))), Der.utcTime(now.plus(LIFE)));
    byte[] content =
        Der.sequence(
            Der.tlv(0xa0, Der.integer(BigInteger.TWO)),
            Der.integer(new BigInteger(127, new SecureRandom()).setBit(120)),
            ECDSA_SHA256,
            issuer,
            validity,
            subject,
            subjectKey.getEncoded(),
            Der.tlv(0xa3, extensions));
    Signature signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(key);
    signature.update(content);
    byte[] der = Der.sequence(content, ECDSA_SHA256, Der.bits(0, signature.sign()));
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }

  private static byte[] caExtensions(PublicKey own) throws GeneralSecurityException {
    byte[] certSignAndCrlSign = Der.bits(1, new byte[] {0x06});
    return Der.sequence(
        critical(19, Der.sequence(Der.bool())),
        critical(15, certSignAndCrlSign),
        plain(14, Der.octets(keyId(own))));
  }

  private static byte[] leafExtensions(PublicKey own, PublicKey issuer, List<String> hosts)
      throws GeneralSecurityException {
    ByteArrayOutputStream names = new ByteArrayOutputStream();
    for (String host : hosts) {
      names.writeBytes(Der.tlv(0x82, host.getBytes(StandardCharsets.US_ASCII)));
    }
    byte[] digitalSignature = Der.bits(7, new byte[] {(byte) 0x80});
    byte[] serverAuth = Der.oid(1, 3, 6, 1, 5, 5, 7, 3, 1);
    return Der.sequence(
        critical(19, Der.sequence()),
        critical(15, digitalSignature),
        plain(37, Der.sequence(serverAuth)),
        plain(17, Der.sequence(names.toByteArray())),
        plain(14, Der.octets(keyId(own))),
        plain(35, Der.sequence(Der.tlv(0x80, keyId(issuer)))));
  }

  private static byte[] critical(int arc, byte[] value) {
    return Der.sequence(Der.oid(2, 5, 29, arc), Der.bool(), Der.octets(value));
  }

  private static byte[] plain(int arc, byte[] value) {
    return Der.sequence(Der.oid(2, 5, 29, arc), Der.octets(value));
  }

  private static byte[] keyId(PublicKey key) throws GeneralSecurityException {
    return MessageDigest.getInstance("SHA-1").digest(key.getEncoded());
  }

  private static SSLContext context(PrivateKey key, X509Certificate leaf, X509Certificate ca)
      throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    char[] inMemoryOnly = new char[0];
    store.setKeyEntry("demo", key, inMemoryOnly, new X509Certificate[] {leaf, ca});
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, inMemoryOnly);
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }
}
