package dev.helm.activities.egress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.helm.activities.egress.EgressLimits.Times;
import dev.helm.activities.sandbox.SlotDoor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A world in which every address leads to one canary, with the proxy and a naive one in it. */
public final class TrickLab implements AutoCloseable {
  /** What the running call is granted. */
  public static final List<String> GRANTED =
      List.of("stripe.com", "*.stripe.com", "*." + AnswerTricks.DOMAIN, "intranet.example");

  /** A name that answers with a public address, and may be used. */
  public static final String ALLOWED = "stripe.com";

  private static final Map<String, List<InetAddress>> NAMES = AnswerTricks.names();
  private static final InetAddress PUBLIC = AnswerTricks.address("1.1.1.1");

  private final Canary canary = new Canary();
  private final EgressGrants grants = new EgressGrants();
  private final List<EgressAttempt> attempts = new CopyOnWriteArrayList<>();
  private final List<InetSocketAddress> dialled = new CopyOnWriteArrayList<>();
  private final EgressProxy proxy;

  private final World world =
      new World() {
        @Override
        public void connect(SocketChannel channel, InetSocketAddress to) throws IOException {
          dialled.add(to);
          channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), canary.port()));
        }

        @Override
        public boolean owns(InetAddress address) {
          return address.equals(AnswerTricks.address(AnswerTricks.OWN));
        }
      };

  /**
   * @param head how long a head or hello may take
   */
  public TrickLab(Duration head) throws IOException {
    Times usual = EgressLimits.DEFAULT.times();
    EgressLimits limits =
        new EgressLimits(
            64,
            1024,
            new Times(head, usual.dial(), usual.idle(), usual.life()),
            EgressLimits.DEFAULT.connectionBytes(),
            EgressLimits.DEFAULT.callBytes(),
            100_000);
    proxy =
        new EgressProxy(
            grants,
            host -> NAMES.getOrDefault(host.toString(), List.of(PUBLIC)),
            List.of(
                new OperatorTarget(
                    HostName.parse("intranet.example"), 80, OperatorTarget.Protocol.HTTP, PUBLIC)),
            attempts::add,
            limits,
            world);
  }

  /** All tricks. */
  public static List<Trick> tricks() {
    List<Trick> all = new ArrayList<>(HostTricks.all());
    all.addAll(HttpTricks.all());
    all.addAll(AnswerTricks.all());
    all.addAll(HelloTricks.all());
    return all;
  }

  /** What an allowed client says. */
  public static Trick allowed() {
    return Trick.of(
        "allowed",
        Trick.Lacks.LIST,
        "CONNECT stripe.com:443 HTTP/1.1\r\nHost: stripe.com:443\r\n\r\n",
        Hellos.named(ALLOWED));
  }

  /** The real one. */
  public SlotDoor proxy() {
    return proxy;
  }

  /** One that compares the end of the host's text, where that is what the trick is aimed at. */
  public SlotDoor naive(Trick.Lacks lacks) {
    Predicate<String> end = host -> host.endsWith("stripe.com");
    return new NaiveProxy(world, lacks == Trick.Lacks.MATCH ? end : host -> true);
  }

  public EgressGrants grants() {
    return grants;
  }

  public List<EgressAttempt> attempts() {
    return attempts;
  }

  /** A connection that is cut is told of after its end. */
  public void awaitAttempts(int wanted) throws InterruptedException {
    long due = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (attempts.size() < wanted && System.nanoTime() < due) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    assertThat(attempts).hasSize(wanted);
  }

  /** Where anyone asked to be connected. */
  public List<InetSocketAddress> dialled() {
    return dialled;
  }

  public int canaryConnections() {
    return canary.connections();
  }

  public long canaryBytes() {
    return canary.bytes();
  }

  @Override
  public void close() throws IOException {
    proxy.close();
    canary.close();
  }
}
