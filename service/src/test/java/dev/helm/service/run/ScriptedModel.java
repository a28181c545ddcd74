package dev.helm.service.run;

import dev.helm.api.event.Content;
import dev.helm.api.event.RunEvent;
import dev.helm.service.store.Store;
import dev.helm.workflows.Fact;
import dev.helm.workflows.HelmJson;
import dev.helm.workflows.ModelActivity;
import dev.helm.workflows.decide.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntFunction;

/** A model that asks for the shell commands of its script, a list for each turn. */
final class ScriptedModel implements ModelActivity {
  final List<Request> asked = new CopyOnWriteArrayList<>();
  private final Store store;
  private final IntFunction<List<String>> script;

  ScriptedModel(Store store, IntFunction<List<String>> script) {
    this.store = store;
    this.script = script;
  }

  @Override
  public Reply call(Request request) {
    asked.add(request);
    String prefix = "e" + request.epoch() + "/main/";
    String turn = prefix + "t" + request.turn() + "." + request.round();
    List<Fact> facts = new ArrayList<>();
    facts.add(
        new Fact(
            prefix + "t" + request.turn() + "/started",
            "main",
            new RunEvent.TurnStarted(request.turn())));
    for (String id : request.messages()) {
      facts.add(
          new Fact(
              prefix + "message-" + id + "/read",
              "main",
              new RunEvent.MessageRead(id, request.turn())));
    }
    facts.add(
        new Fact(
            turn + "/message",
            "main",
            new RunEvent.ModelMessage(
                request.turn(), Content.text("go"), "m", "tool_use", "msg", 1, 1, 0, 0)));
    List<Call> calls = new ArrayList<>();
    List<String> commands = script.apply(request.turn());
    for (int i = 0; i < commands.size(); i++) {
      String id = "toolu_" + request.epoch() + "_" + request.turn() + "_" + i;
      String arguments = HelmJson.write(Map.of("command", commands.get(i)));
      String hash = ToolCall.of(id, "Bash", arguments).argumentsHash();
      facts.add(
          new Fact(
              prefix + id + "/requested",
              "main",
              new RunEvent.ToolRequested(
                  id, "Bash", Content.text(arguments), hash, commands.get(i), request.turn())));
      calls.add(new Call(id, "Bash"));
    }
    String head =
        store.conversations().append(request.head(), List.of("{\"turn\":" + request.turn() + "}"));
    Reply reply = new Reply.Answered(head, calls);
    store.log().append(request.run(), facts, turn + "/model", HelmJson.write(reply));
    return reply;
  }
}
