package dev.helm.activities.probes;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Listens on every address of the host, by TCP and UDP, and counts who comes. */
final class Canaries implements AutoCloseable {
  private final ServerSocket server;
  private final DatagramSocket datagrams;
  private final byte[] secret;
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicInteger packets = new AtomicInteger();

  Canaries(String secret) throws IOException {
    this.secret = (secret + "\n").getBytes(StandardCharsets.US_ASCII);
    this.server = new ServerSocket(0);
    this.datagrams = new DatagramSocket(0);
    Thread.ofVirtual().name("canary-tcp").start(this::accept);
    Thread.ofPlatform().daemon().name("canary-udp").start(this::receive);
  }

  int port() {
    return server.getLocalPort();
  }

  int udpPort() {
    return datagrams.getLocalPort();
  }

  int connections() {
    return connections.get();
  }

  int packets() {
    return packets.get();
  }

  /** Every address of this machine. */
  static List<String> addresses() throws IOException {
    List<String> found = new ArrayList<>();
    for (NetworkInterface network : NetworkInterface.networkInterfaces().toList()) {
      for (InetAddress address : network.inetAddresses().toList()) {
        if (!(address instanceof Inet6Address) || !address.isLinkLocalAddress()) {
          found.add(address.getHostAddress().replaceAll("%.*", ""));
        }
      }
    }
    return found;
  }

  private void accept() {
    while (!server.isClosed()) {
      try (Socket peer = server.accept()) {
        connections.incrementAndGet();
        peer.getOutputStream().write(secret);
      } catch (IOException e) {
        // The peer hung up, or the test is over.
      }
    }
  }

  private void receive() {
    while (!datagrams.isClosed()) {
      try {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        datagrams.receive(packet);
        packets.incrementAndGet();
        datagrams.send(new DatagramPacket(secret, secret.length, packet.getSocketAddress()));
      } catch (IOException e) {
        // The test is over.
      }
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    datagrams.close();
  }
}
