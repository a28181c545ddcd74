package dev.helm.workflows.decide;

/**
 * A rule that a person had remembered: it allows what rules would ask, never what they deny or what
 * the command guard asks.
 *
 * @param rule the rule's text
 * @param permissionId the permission that was allowed with it
 */
public record Remembered(String rule, String permissionId) {}
