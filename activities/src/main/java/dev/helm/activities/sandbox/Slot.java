package dev.helm.activities.sandbox;

/**
 * A container that a run holds.
 *
 * @param id 8 hex digits
 * @param run 32 hex digits
 * @param life names this one life of this one container; commit it with each effect's start
 */
public record Slot(String id, String run, String life) {}
