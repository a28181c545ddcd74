package dev.helm.cli.command;

import dev.helm.api.rest.PeopleBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm device}. */
@Command(
    name = "helm device",
    header = "helm device revoke phone",
    description = "Shows devices that logged in, and takes them out.",
    subcommands = {DeviceCommand.ListAll.class, DeviceCommand.Revoke.class})
public final class DeviceCommand extends HelmCommand {
  @Override
  protected ExitCode run() {
    throw Failure.usage("helm device needs a verb: list or revoke.", "helm device list");
  }

  /** What is about one person's devices. */
  abstract static class OfDevices extends HelmCommand {
    @Option(
        names = "--user",
        paramLabel = "NAME",
        description = "somebody else's, for an owner of all projects")
    String user = "";

    final Reply devices() {
      return client().people().devices(user.isEmpty() ? "" : UserCommand.idOf(this, user));
    }
  }

  /** {@code helm device list}. */
  @Command(
      name = "list",
      header = "helm device list",
      description = "Lists your devices: id, name, whether paired, when last seen.")
  public static final class ListAll extends OfDevices {
    @Override
    protected ExitCode run() {
      Reply reply = devices();
      if (json) {
        return print(reply, "");
      }
      List<PeopleBodies.Device> devices = reply.items(PeopleBodies.Device.class);
      devices.forEach(
          device ->
              out()
                  .line(
                      SafeText.line(
                          shortId(device)
                              + " · "
                              + device.name()
                              + (device.paired() ? " · paired" : "")
                              + (device.current() ? " · this one" : "")
                              + " · seen "
                              + device.seenAt())));
      if (devices.isEmpty()) {
        out().say("No device logged in by name.");
      }
      return ExitCode.DONE;
    }
  }

  private static String shortId(PeopleBodies.Device device) {
    return device.id().substring(0, Math.min(8, device.id().length()));
  }

  /** {@code helm device revoke}. */
  @Command(
      name = "revoke",
      header = "helm device revoke phone",
      description = "Takes a device out: its token ends at once.")
  public static final class Revoke extends OfDevices {
    @Parameters(
        index = "0",
        paramLabel = "DEVICE",
        description = "its name, or the beginning of its id")
    String device = "";

    @Override
    protected ExitCode run() {
      List<PeopleBodies.Device> found =
          devices().items(PeopleBodies.Device.class).stream()
              .filter(each -> each.name().equals(device) || each.id().startsWith(device))
              .toList();
      if (found.size() != 1) {
        throw new Failure(
            ExitCode.NOT_FOUND,
            found.isEmpty()
                ? "There is no device \"" + device + "\"."
                : "\"" + device + "\" stands for " + found.size() + " devices.",
            "\"helm device list\" shows them with their ids.");
      }
      PeopleBodies.Device gone = found.getFirst();
      return print(
          client().people().revokeDevice(gone.id()), "revoked · " + SafeText.line(gone.name()));
    }
  }
}
