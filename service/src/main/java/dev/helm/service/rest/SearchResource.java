package dev.helm.service.rest;

import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.Problem;
import dev.helm.service.search.SearchCursor;
import dev.helm.service.search.SearchIndex;
import dev.helm.service.search.SearchQuery;
import dev.helm.service.store.Access;
import dev.helm.service.store.RunQueries;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.SecurityContext;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finding events by their words. */
@Path("/api/search")
@Tag(name = "runs")
@Produces(MediaType.APPLICATION_JSON)
public final class SearchResource {
  private static final int PAGE_MAX = 200;

  private final RunQueries runs;
  private final SearchIndex search;

  /** With where runs and the index are. */
  public SearchResource(RunQueries runs, SearchIndex search) {
    this.runs = runs;
    this.search = search;
  }

  /** Events with all the words, newest first. */
  @GET
  @Operation(
      summary = "Events that hold all the words, newest first",
      description =
          "{q}: words, \"words in this order\" and beginnings*; nothing else has a meaning. A page"
              + " has at most 200 hits. A search takes at most 2 seconds; partial says that it did"
              + " not look through everything.")
  public Bodies.SearchResult search(
      @Parameter(required = true) @QueryParam("q") @Nullable String q,
      @QueryParam("run") @Nullable String run,
      @QueryParam("type") @Nullable String type,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("cursor") @Nullable String cursor,
      @Context SecurityContext security) {
    Access access = TokenFilter.access(security);
    SearchIndex.Wanted wanted =
        new SearchIndex.Wanted(
            query(q),
            run == null || run.isEmpty() ? null : Params.run(runs, access, run),
            Params.types(type),
            Math.min(PAGE_MAX, Params.limit(limit)),
            SearchCursor.read(cursor));
    try {
      return search.search(access, wanted);
    } catch (SearchIndex.Busy e) {
      throw busy();
    }
  }

  /** Runs with an event that holds all the words; none if the text has no word. */
  static SearchIndex.Runs runs(SearchIndex search, Access access, String text) {
    SearchQuery query;
    try {
      query = SearchQuery.parse(text);
    } catch (IllegalArgumentException e) {
      return new SearchIndex.Runs(Set.of(), false);
    }
    try {
      return search.runs(access, query);
    } catch (SearchIndex.Busy e) {
      throw busy();
    }
  }

  private static SearchQuery query(@Nullable String q) {
    if (q == null || q.isBlank()) {
      throw nothing("expected words to look for");
    }
    try {
      return SearchQuery.parse(q);
    } catch (IllegalArgumentException e) {
      throw nothing(String.valueOf(e.getMessage()));
    }
  }

  private static ProblemException nothing(String expected) {
    String hint = "words, \"words in this order\" and beginnings*";
    return ProblemException.at(
        ErrorCode.INVALID_INPUT,
        "this cannot be searched for: " + expected,
        hint,
        List.of(new Problem.Place(0, 0, "q", expected, hint)));
  }

  private static ProblemException busy() {
    return ProblemException.later(
        ErrorCode.TOO_MANY_REQUESTS,
        "too many search at once; nothing was looked for",
        "try again in a moment",
        2);
  }
}
