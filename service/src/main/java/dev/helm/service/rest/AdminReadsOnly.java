package dev.helm.service.rest;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Set;

/**
 * The admin port has no log-in, so it only shows: no task can be run on it, and a web page that a
 * person on this machine has open cannot read it by another name.
 */
final class AdminReadsOnly implements Filter {
  private static final Set<String> PATHS = Set.of("/metrics", "/healthcheck", "/ping");
  private static final Set<String> HOSTS = Set.of("127.0.0.1", "localhost", "[::1]");

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest http
        && response instanceof HttpServletResponse out
        && !(http.getMethod().equals("GET")
            && PATHS.contains(http.getRequestURI())
            && HOSTS.contains(http.getServerName()))) {
      out.setStatus(HttpServletResponse.SC_NOT_FOUND);
      return;
    }
    chain.doFilter(request, response);
  }
}
