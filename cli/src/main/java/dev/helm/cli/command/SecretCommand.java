package dev.helm.cli.command;

import dev.helm.api.rest.SecretBodies;
import dev.helm.cli.ExitCode;
import dev.helm.cli.Failure;
import dev.helm.cli.Out;
import dev.helm.cli.http.Reply;
import dev.helm.cli.render.SafeText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code helm secret}. */
@Command(
    name = "helm secret",
    header = "helm secret set TICKETS_TOKEN --project infra-ops < token.txt",
    description = "Keeps what tools and servers need and nobody reads back, by project.",
    subcommands = {
      SecretCommand.ListAll.class,
      SecretCommand.Set.class,
      SecretCommand.Remove.class
    })
public final class SecretCommand extends HelmCommand {
  private static final String PROJECT = "default";

  @Override
  protected ExitCode run() {
    throw Failure.usage("helm secret needs a verb: set, list or rm.", "helm secret list");
  }

  /** {@code helm secret list}. */
  @Command(
      name = "list",
      header = "helm secret list --project infra-ops",
      description = "Lists names, who set them, and when they were used last; never a value.")
  public static final class ListAll extends HelmCommand {
    @Option(names = "--project", paramLabel = "PROJECT", description = "only of this project")
    String project = "";

    @Override
    protected ExitCode run() {
      Reply reply = client().people().secrets(project);
      if (json) {
        return print(reply, "");
      }
      List<SecretBodies.SecretInfo> secrets = reply.items(SecretBodies.SecretInfo.class);
      secrets.forEach(secret -> out().line(SafeText.line(line(secret))));
      if (secrets.isEmpty()) {
        out().say("There are no secrets.");
      }
      return ExitCode.DONE;
    }

    private static String line(SecretBodies.SecretInfo secret) {
      return secret.project()
          + " · "
          + secret.name()
          + " · set "
          + day(secret.at())
          + " by "
          + secret.by()
          + " · "
          + (secret.usedAt() == null ? "never used" : "used " + day(secret.usedAt()));
    }

    /** To the minute, which is how exact a use is noted. */
    private static String day(@Nullable String at) {
      String text = at == null ? "" : at;
      return text.length() < 16 ? text : text.substring(0, 16).replace('T', ' ');
    }
  }

  /** {@code helm secret set}. */
  @Command(
      name = "set",
      header = "helm secret set TICKETS_TOKEN --project infra-ops < token.txt",
      description =
          "Sets a secret, read from standard input, or asked for without showing what is typed."
              + " Setting it again replaces the value.")
  public static final class Set extends HelmCommand {
    private static final int VALUE_BYTES_MAX = 16 * 1024;

    @Parameters(index = "0", paramLabel = "NAME", description = "A-Z, 0-9 and underscore")
    String name = "";

    @Option(names = "--project", paramLabel = "PROJECT", description = "whose it is (default)")
    String project = PROJECT;

    @Override
    protected ExitCode run() throws IOException {
      boolean typed = out().interactive() || (context().in() == System.in && Out.inputIsTerminal());
      String value =
          typed
              ? LoginCommand.typed("Value of " + SafeText.line(name), USE)
              : given(context().in().readNBytes(VALUE_BYTES_MAX + 2));
      Reply reply = client().people().setSecret(project, name, value);
      return print(reply, "set · " + SafeText.line(project + " · " + name));
    }

    private static final String USE = "helm secret set NAME < FILE";

    /** All of it but the line end that editors and echo put behind it. */
    private static String given(byte[] bytes) {
      try {
        String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        return text.endsWith("\r\n")
            ? text.substring(0, text.length() - 2)
            : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
      } catch (CharacterCodingException e) {
        throw Failure.usage(
            "What came on standard input is no text.", "Encode it first: base64 -w0 FILE | " + USE);
      }
    }
  }

  /** {@code helm secret rm}. */
  @Command(
      name = "rm",
      header = "helm secret rm TICKETS_TOKEN --project infra-ops",
      description = "Removes a secret; what needs it fails from its next call on.")
  public static final class Remove extends HelmCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "its name")
    String name = "";

    @Option(names = "--project", paramLabel = "PROJECT", description = "whose it is (default)")
    String project = PROJECT;

    @Override
    protected ExitCode run() {
      Reply reply = client().people().removeSecret(project, name);
      return print(reply, "removed · " + SafeText.line(project + " · " + name));
    }
  }
}
