package dev.helm.service.rest;

import dev.helm.service.auth.ClientAddress;
import dev.helm.service.auth.Front;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says of each request where it comes from, and refuses what another site's page sends. */
public final class FrontFilter implements Filter {
  private static final Logger LOG = LoggerFactory.getLogger(FrontFilter.class);
  private static final String CLIENT = FrontFilter.class.getName() + ".client";
  private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

  private final Front front;
  private final AtomicBoolean told = new AtomicBoolean();

  /** With what the operator says of proxies and origins. */
  public FrontFilter(Front front) {
    this.front = front;
  }

  /** Where a request comes from. */
  static ClientAddress client(HttpServletRequest request) {
    if (request.getAttribute(CLIENT) instanceof ClientAddress client) {
      return client;
    }
    throw new IllegalStateException("the front filter has not run");
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest http && response instanceof HttpServletResponse out) {
      ClientAddress client = where(http);
      http.setAttribute(CLIENT, client);
      if (client.tls()) {
        out.setHeader("Strict-Transport-Security", "max-age=31536000");
      }
      // Attack: matrix parameters make a path that is matched and is not what it is taken for.
      if (http.getRequestURI().indexOf(';') >= 0) {
        out.sendError(HttpServletResponse.SC_BAD_REQUEST);
        return;
      }
      // Attack: a page of another site, open in the same browser, logs in or acts (CSRF,
      // rebinding).
      if (!SAFE.contains(http.getMethod())
          && !front.allows(Collections.list(http.getHeaders("Origin")))) {
        out.sendError(HttpServletResponse.SC_FORBIDDEN);
        return;
      }
    }
    chain.doFilter(request, response);
  }

  private ClientAddress where(HttpServletRequest http) {
    InetAddress peer = InetAddress.ofLiteral(http.getRemoteAddr().replaceAll("[\\[\\]]|%.*", ""));
    List<String> forwardedFor = Collections.list(http.getHeaders("X-Forwarded-For"));
    boolean forwarded = !forwardedFor.isEmpty() || http.getHeader("Forwarded") != null;
    boolean trusted = front.trusts(peer);
    if (forwarded && !trusted && told.compareAndSet(false, true)) {
      LOG.warn(
          "{} forwards requests and is not in trustedProxies of config.yml; all of its clients count"
              + " as one",
          peer.getHostAddress());
    }
    boolean tls = trusted && "https".equals(http.getHeader("X-Forwarded-Proto"));
    return ClientAddress.of(front.client(peer, forwardedFor), forwarded, tls);
  }
}
