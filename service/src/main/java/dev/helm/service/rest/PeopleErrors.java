package dev.helm.service.rest;

import dev.helm.api.rest.ErrorCode;
import dev.helm.service.auth.LogIn;
import dev.helm.service.auth.LoginLimits;
import dev.helm.service.auth.Passwords;
import dev.helm.service.store.DeviceStore;
import dev.helm.service.store.ServiceTokenStore;
import dev.helm.service.store.UserStore;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import java.util.List;

/** What is refused about people, devices and tokens, in the shape of all errors. */
final class PeopleErrors {
  private PeopleErrors() {}

  /** All of them, to be registered. */
  static List<ExceptionMapper<?>> all() {
    return List.of(
        new NotLetIn(),
        new Crowded(),
        new NoOwnerLeft(),
        new TooManyDevices(),
        new TooManyTokens());
  }

  /** A log-in or refresh that is wrong, or one too many. */
  static final class NotLetIn implements ExceptionMapper<LogIn.RefusedException> {
    @Override
    public Response toResponse(LogIn.RefusedException e) {
      long seconds = e.retryAfterSeconds();
      return seconds > 0
          ? ErrorMappers.response(
              ProblemException.later(
                  ErrorCode.TOO_MANY_REQUESTS,
                  "too many log-ins",
                  "wait "
                      + seconds
                      + " s; an address may try "
                      + LoginLimits.ADDRESS_PER_MINUTE
                      + " times a minute",
                  seconds))
          : ErrorMappers.response(
              ErrorCode.BAD_CREDENTIALS,
              "the name, the password or the key is wrong",
              "the first owner's are in owner.credentials in Helm's home");
    }
  }

  static final class Crowded implements ExceptionMapper<Passwords.BusyException> {
    @Override
    public Response toResponse(Passwords.BusyException e) {
      return ErrorMappers.response(
          ProblemException.later(
              ErrorCode.TOO_MANY_REQUESTS, "too many log-ins at once", "try again in a moment", 5));
    }
  }

  static final class NoOwnerLeft implements ExceptionMapper<UserStore.LastOwnerException> {
    @Override
    public Response toResponse(UserStore.LastOwnerException e) {
      return ErrorMappers.response(
          ErrorCode.CONFLICT,
          "nobody would be left who owns all projects",
          "make somebody else an owner of * first");
    }
  }

  static final class TooManyDevices implements ExceptionMapper<DeviceStore.TooManyException> {
    @Override
    public Response toResponse(DeviceStore.TooManyException e) {
      return ErrorMappers.response(
          ErrorCode.CONFLICT,
          "this person has " + DeviceStore.PERSON_DEVICES_MAX + " devices",
          "log in without naming a device, then take old ones out: helm device revoke");
    }
  }

  static final class TooManyTokens implements ExceptionMapper<ServiceTokenStore.TooManyException> {
    @Override
    public Response toResponse(ServiceTokenStore.TooManyException e) {
      return ErrorMappers.response(
          ErrorCode.CONFLICT,
          "there are " + ServiceTokenStore.TOKENS_MAX + " service tokens",
          "take some back: helm token revoke");
    }
  }
}
