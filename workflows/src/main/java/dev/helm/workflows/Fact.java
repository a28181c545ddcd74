package dev.helm.workflows;

import dev.helm.api.event.RunEvent;

/**
 * Something to be written to a run's log exactly once.
 *
 * @param key unique within the run and deterministic: epoch, agent, activity or tool call, kind and
 *     ordinal. The same key with the same event writes nothing; with another event it is an error
 * @param agent who acted
 * @param event what happened
 */
public record Fact(String key, String agent, RunEvent event) {}
