package dev.helm.activities.tools;

import dev.helm.activities.hook.Hooks;
import dev.helm.activities.store.Runs;
import dev.helm.api.Sha256;
import dev.helm.api.event.RunEvent;
import dev.helm.workflows.Fact;
import dev.helm.workflows.ToolActivity;
import dev.helm.workflows.decide.ToolCall;
import org.jspecify.annotations.Nullable;

/**
 * One call with its run: what its facts and journal entries are named by.
 *
 * @param call what is to be executed: as the model asked, or as people changed it
 * @param argumentsHash of {@code call}
 * @param wellFormed whether the arguments are a JSON object
 * @param askedHash of what the model asked for
 * @param edited exact JSON text of the arguments if people changed them
 * @param hooks what the blueprint's hooks have said of the call
 */
public record CallContext(
    ToolActivity.Request request,
    Runs.Info info,
    ToolCall call,
    String argumentsHash,
    boolean wellFormed,
    String askedHash,
    @Nullable String edited,
    Hooks.Said hooks) {

  /** Exact JSON text of the arguments if people or hooks changed them, else null. */
  public @Nullable String changed() {
    return edited == null ? hooks.arguments() : edited;
  }

  /** The run's id. */
  public String run() {
    return request.run();
  }

  /** The id of the call, its idempotency key everywhere. */
  public String toolUseId() {
    return request.toolUseId();
  }

  /** A fact of this call under a deterministic key. */
  public Fact fact(String name, RunEvent event) {
    return new Fact(key(name), request.agent(), event);
  }

  /** A key of this call: epoch, agent, tool call, and what it is about. */
  public String key(String name) {
    return key(request.epoch(), name);
  }

  /** The same key as an earlier life of the run used it. */
  String key(int epoch, String name) {
    return "e" + epoch + "/" + request.agent() + "/" + request.toolUseId() + "/" + name;
  }

  /** The key of the {@code attempt}th effect of this call; at most 128 characters. */
  public String effectKey(int attempt) {
    return Sha256.hex(run() + "/" + key("effect")).substring(0, 40) + "." + attempt;
  }

  /** An id for something that people answer; the same at every retry. {@code kind}: p, q or u. */
  public String waitId(char kind, int attempt) {
    return kind + Sha256.hex(run() + "/" + key("wait-" + kind + attempt)).substring(0, 15);
  }
}
