package dev.helm.activities.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The machine's resolver, with a deadline. A lookup holds a thread for as long as it likes. */
final class SystemResolver implements HostResolver {
  private static final int MAX_LOOKUPS = 128;
  private static final int MAX_SLOT_LOOKUPS = 4;
  private static final long DEADLINE_SECONDS = 5;

  private final ExecutorService lookups;

  // Attack: names whose servers never answer keep every lookup thread busy, so that no other run
  // can resolve anything. Safeguard: a slot holds at most four, until they have really ended.
  private final Semaphore room = new Semaphore(MAX_SLOT_LOOKUPS);

  SystemResolver() {
    this(
        new ThreadPoolExecutor(
            0,
            MAX_LOOKUPS,
            30,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> Thread.ofPlatform().daemon().name("egress-lookup").unstarted(task)));
  }

  private SystemResolver(ExecutorService lookups) {
    this.lookups = lookups;
  }

  @Override
  public HostResolver forSlot() {
    return new SystemResolver(lookups);
  }

  @Override
  public List<InetAddress> resolve(HostName host) throws IOException {
    try {
      if (!room.tryAcquire(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
        throw new UnknownHostException(host + ": too many lookups of this run still wait");
      }
      return List.of(submit(host).get(DEADLINE_SECONDS, TimeUnit.SECONDS));
    } catch (TimeoutException e) {
      throw new UnknownHostException(host + ": no answer within " + DEADLINE_SECONDS + " s");
    } catch (ExecutionException e) {
      throw new IOException("lookup of " + host + " failed", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private Future<InetAddress[]> submit(HostName host) throws IOException {
    try {
      return lookups.submit(
          () -> {
            try {
              // Attack: a search domain or a line of /etc/hosts makes a granted name mean another
              // machine. Safeguard: the final dot, which keeps both out of it.
              return InetAddress.getAllByName(host + ".");
            } finally {
              room.release();
            }
          });
    } catch (RejectedExecutionException e) {
      room.release();
      throw new IOException("too many lookups wait", e);
    }
  }
}
