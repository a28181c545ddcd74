package dev.helm.activities.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Turns a host into addresses, once for each connection. */
@FunctionalInterface
public interface HostResolver {
  /** All addresses of a host; never empty. */
  List<InetAddress> resolve(HostName host) throws IOException;

  /** The machine's own resolver, with a deadline and few threads, since lookups block both. */
  static HostResolver system() {
    ExecutorService lookups =
        Executors.newFixedThreadPool(
            4, task -> Thread.ofPlatform().daemon().name("egress-lookup").unstarted(task));
    return host -> {
      // The final dot keeps the machine's search domains out of it.
      Future<InetAddress[]> answer = lookups.submit(() -> InetAddress.getAllByName(host + "."));
      try {
        return List.of(answer.get(5, TimeUnit.SECONDS));
      } catch (TimeoutException e) {
        answer.cancel(true);
        throw new UnknownHostException(host + ": no answer within 5 s");
      } catch (ExecutionException e) {
        throw new IOException("lookup of " + host + " failed", e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    };
  }
}
