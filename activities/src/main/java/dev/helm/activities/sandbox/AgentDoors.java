package dev.helm.activities.sandbox;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The {@link AgentDoor}s of those slots that have them. */
final class AgentDoors {
  private final List<AgentDoor> doors;
  private final Function<String, @Nullable String> runOf;

  /**
   * @param runOf the run that holds a slot, or null
   */
  AgentDoors(List<AgentDoor> doors, Function<String, @Nullable String> runOf) {
    this.doors = List.copyOf(doors);
    this.runOf = runOf;
  }

  /** Whether an earlier process opened them in this slot. */
  boolean wereOpen(Path sockets) {
    return doors.stream().anyMatch(door -> Files.exists(sockets.resolve(door.fileName())));
  }

  /** Opens all; before the container starts, as its executor looks once which are there. */
  List<AutoCloseable> open(String slot, Path sockets, int ownerUid) throws IOException {
    List<AutoCloseable> opened = new ArrayList<>();
    for (AgentDoor door : doors) {
      opened.add(open(door, slot, sockets, ownerUid));
    }
    return opened;
  }

  private AutoCloseable open(AgentDoor door, String slot, Path sockets, int ownerUid)
      throws IOException {
    Semaphore room = new Semaphore(AgentDoor.MAX_CONNECTIONS_PER_RUN);
    Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
    UnixListener listener =
        UnixListener.open(
            sockets.resolve(door.fileName()),
            ownerUid,
            connection -> {
              String run = runOf.apply(slot);
              if (run == null) {
                Closer.close(connection);
                return;
              }
              open.add(connection);
              Thread.ofVirtual()
                  .name("door-" + door.name())
                  .start(
                      () -> {
                        door.serve(run, connection, room);
                        open.remove(connection);
                      });
            });
    return () -> {
      listener.close();
      open.forEach(Closer::close);
    };
  }
}
