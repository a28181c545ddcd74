package dev.helm.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What somebody may do in a project; each role may also do what the ones before it may. */
public enum Role {
  /** Reads everything of the project. */
  VIEWER,
  /** Also decides permissions and answers questions. */
  APPROVER,
  /** Also starts, steers and ends runs, raises their caps and stores blueprints. */
  OPERATOR,
  /** Also says who has which role, and makes service tokens. */
  OWNER;

  /** The project name that stands for all projects, those that are yet to be made too. */
  public static final String EVERYWHERE = "*";

  /**
   * The role of a word.
   *
   * @throws IllegalArgumentException for a word that is none
   */
  @JsonCreator
  public static Role of(String word) {
    for (Role role : values()) {
      if (role.word().equals(word)) {
        return role;
      }
    }
    throw new IllegalArgumentException("expected viewer, approver, operator or owner");
  }

  /** The role as the wire has it, lower case. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether this role may do what the other may. */
  public boolean includes(Role other) {
    return compareTo(other) >= 0;
  }
}
