package dev.helm.api.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An error as RFC 9457 tells it ({@code application/problem+json}), with Helm's stable code.
 *
 * @param type {@code about:blank}
 * @param title what happened, one line
 * @param status HTTP status
 * @param detail why, and what to do
 * @param code stable word that programs may switch on
 * @param winner who decided otherwise first, for {@code already_decided}
 * @param errors places in the input, for {@code invalid_blueprint} and {@code invalid_input}
 * @param more members of single codes
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Problem(
    String type,
    String title,
    int status,
    @Nullable String detail,
    String code,
    DecisionBodies.@Nullable Winner winner,
    @Nullable List<Place> errors,
    @Nullable Map<String, String> more) {

  /** A place in somebody's input; lines and columns count from 1, 0 where they are not known. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Place(int line, int column, String path, String message, @Nullable String hint) {}
}
