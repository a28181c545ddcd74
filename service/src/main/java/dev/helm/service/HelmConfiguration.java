package dev.helm.service;

import io.dropwizard.core.Configuration;

/** Dropwizard's own part of the configuration; Helm's settings are {@link Settings}. */
public final class HelmConfiguration extends Configuration {}
