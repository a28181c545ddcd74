package dev.helm.keyproxy;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line, checked. */
record Options(UpstreamAddress upstream, List<SocketAddress> listen, Path ledger, Path secretFile) {
  static final String USAGE =
      "usage: java -jar helm-keyproxy.jar --upstream URL --listen tcp:127.0.0.1:PORT [--listen"
          + " unix:PATH] --ledger PATH --secret-file PATH   (model key on standard input)";

  Options {
    listen = List.copyOf(listen);
  }

  static Options parse(String... args) throws StartException {
    UpstreamAddress upstream = null;
    List<SocketAddress> listen = new ArrayList<>();
    Path ledger = null;
    Path secretFile = null;
    for (int i = 0; i < args.length; i += 2) {
      if (i + 1 == args.length) {
        throw new StartException(args[i] + " needs a value; " + USAGE);
      }
      String value = args[i + 1];
      switch (args[i]) {
        case "--upstream" -> upstream = UpstreamAddress.parse(value);
        case "--listen" -> listen.add(Listener.address(value));
        case "--ledger" -> ledger = Path.of(value);
        case "--secret-file" -> secretFile = Path.of(value);
        default -> throw new StartException("unknown option " + args[i] + "; " + USAGE);
      }
    }
    if (upstream == null || listen.isEmpty() || ledger == null || secretFile == null) {
      throw new StartException("an option is missing; " + USAGE);
    }
    return new Options(upstream, listen, ledger, secretFile);
  }

  /** The secret that proves this process to the ledger. */
  String readSecret() throws StartException {
    try {
      String secret = Files.readString(secretFile).strip();
      if (!secret.matches("[0-9a-f]{64}")) {
        throw new StartException("the ledger secret must be 64 hexadecimal digits: " + secretFile);
      }
      return secret;
    } catch (IOException e) {
      throw new StartException(
          "the ledger secret cannot be read from "
              + secretFile
              + " ("
              + e.getClass().getSimpleName()
              + ")");
    }
  }
}
