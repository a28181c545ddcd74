package dev.helm.service.rest;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;

/** Headers that keep a browser from doing anything with an answer but what it is for. */
public final class SecurityHeaders implements Filter {
  /** On every answer. */
  static final Map<String, String> EVERYWHERE =
      Map.of(
          "X-Content-Type-Options", "nosniff",
          "X-Frame-Options", "DENY",
          "Referrer-Policy", "no-referrer",
          "Cross-Origin-Opener-Policy", "same-origin",
          "Permissions-Policy",
              "camera=(), geolocation=(), microphone=(), payment=(), usb=(), serial=(), bluetooth=()",
          "Cross-Origin-Resource-Policy", "same-origin");

  /** For answers that are data and never a page. */
  static final String API_POLICY =
      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox";

  /** For pages: own files only, nothing inline. */
  static final String PAGE_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src"
          + " 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; object-src 'none';"
          + " frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request instanceof HttpServletRequest http && response instanceof HttpServletResponse out) {
      EVERYWHERE.forEach(out::setHeader);
      boolean data =
          http.getRequestURI().startsWith("/api") || http.getRequestURI().equals("/openapi.json");
      out.setHeader("Content-Security-Policy", data ? API_POLICY : PAGE_POLICY);
      if (data) {
        out.setHeader("Cache-Control", "no-store");
      }
    }
    chain.doFilter(request, response);
  }
}
