package dev.helm.service.rest;

import jakarta.annotation.Priority;
import jakarta.ws.rs.Priorities;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.container.ContainerResponseFilter;
import jakarta.ws.rs.core.Response;

/**
 * Lets a resource say 201 or 202 and still return its body's type, from which the OpenAPI document
 * is made. Response filters run from high to low priority, so this one comes before answers are
 * kept for their Idempotency-Key.
 */
@Priority(Priorities.USER + 100)
public final class StatusFilter implements ContainerResponseFilter {
  private static final String STATUS = StatusFilter.class.getName() + ".status";

  /** Answers with this status unless the request fails. */
  static void answer(ContainerRequestContext request, Response.Status status) {
    request.setProperty(STATUS, status);
  }

  @Override
  public void filter(ContainerRequestContext request, ContainerResponseContext response) {
    if (response.getStatus() == 200
        && request.getProperty(STATUS) instanceof Response.Status status) {
      response.setStatusInfo(status);
    }
  }
}
