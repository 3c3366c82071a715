package io.tallybook.service.http;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The form in which a {@link Problem} leaves the service. */
@SuppressWarnings("ArrayRecordComponent") // written once, compared with nothing
record ProblemBody(String mediaType, Map<String, String> headers, byte[] bytes) {
  /** The answer to a problem, for who accepts this. */
  static ProblemBody of(Problem problem, String requestId, String accept) {
    int status = problem.code().status();
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("type", "about:blank");
    members.put("title", problem.code().title());
    members.put("status", status);
    members.put("detail", problem.text());
    members.put("error", problem.code().code());
    members.put("message", problem.text());
    members.put("requestId", requestId);
    members.putAll(problem.members());
    return new ProblemBody(
        mediaType(accept),
        problem.code().isRetryable()
            ? Map.of("Retry-After", String.valueOf(Problem.RETRY_AFTER_SECONDS))
            : Map.of(),
        Json.write(members, false));
  }

  /** A failure of our own. */
  static Problem internal(String method, String path) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("method", method);
    members.put("path", path);
    return new Problem(ErrorCode.INTERNAL_ERROR, "The service failed; the log says why", members);
  }

  private static String mediaType(String accept) {
    String lower = accept.toLowerCase(Locale.ROOT);
    return lower.contains("application/json") && !lower.contains("application/problem+json")
        ? "application/json"
        : "application/problem+json";
  }
}
