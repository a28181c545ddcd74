package dev.helm.service.rest;

import dev.helm.api.rest.Bodies;
import dev.helm.api.rest.ErrorCode;
import dev.helm.api.rest.PeopleBodies;
import dev.helm.service.auth.Caller;
import dev.helm.service.auth.DeviceKey;
import dev.helm.service.store.DeviceStore;
import dev.helm.service.store.UserStore;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Devices that logged in: seen, paired with a key, taken out. */
@Path("/api/devices")
@Tag(name = "people")
@Produces(MediaType.APPLICATION_JSON)
public final class DevicesResource {
  private final DeviceStore devices;
  private final UserStore users;
  private final Runnable sessionsEnded;

  /** With where devices and people are, and what closes the sockets of ended sessions. */
  public DevicesResource(DeviceStore devices, UserStore users, Runnable sessionsEnded) {
    this.devices = devices;
    this.users = users;
    this.sessionsEnded = sessionsEnded;
  }

  /** One's own, or somebody's. */
  @GET
  @Operation(summary = "Your devices; with {user} that person's, for an owner of all projects")
  public Bodies.Page<PeopleBodies.Device> listDevices(
      @QueryParam("user") @Nullable String user, @Context ContainerRequestContext context) {
    Caller caller = Permit.person(context);
    if (user != null && !user.equals(caller.userId())) {
      Permit.ownerOfAll(context);
    }
    UserStore.User whose = users.byId(user == null ? caller.userId() : user);
    if (whose == null) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND, "there is no such person", "helm user list shows everybody");
    }
    return new Bodies.Page<>(
        devices.list(whose.id()).stream().map(d -> shown(d, whose.name(), caller)).toList(), null);
  }

  /** Gives a device its key. */
  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Pair a device: its Ed25519 key lets it refresh its token",
      description = "docs/people.md says what the device signs.")
  @ApiResponse(responseCode = "201", useReturnTypeSchema = true, description = "the device")
  public PeopleBodies.Device pairDevice(
      PeopleBodies.NewDevice request, @Context ContainerRequestContext context) {
    Caller caller = Permit.person(context);
    String name = Params.line("name", request.name(), 64);
    if (DeviceKey.of(request.publicKey()) == null) {
      throw ProblemException.member(
          "publicKey", "expected base64 of an Ed25519 key's 32 bytes", null);
    }
    DeviceStore.Device device =
        devices.pair(caller.userId(), caller.version(), name, request.publicKey());
    if (device == null) {
      throw ProblemException.of(
          ErrorCode.UNAUTHENTICATED, "the session has ended", "log in again: helm login");
    }
    StatusFilter.answer(context, Response.Status.CREATED);
    return shown(device, caller.name(), caller);
  }

  /** Takes one out. */
  @DELETE
  @Path("/{id}")
  @Operation(summary = "Take a device out: its token ends at once and its sockets are closed")
  public Bodies.Accepted revokeDevice(
      @PathParam("id") String id, @Context ContainerRequestContext context) {
    Caller caller = Permit.person(context);
    DeviceStore.Device device = id.length() > 100 ? null : devices.find(id);
    boolean mine = device != null && device.person().equals(caller.userId());
    boolean any = caller.roles().hold(dev.helm.api.Role.OWNER, dev.helm.api.Role.EVERYWHERE);
    if (device == null || !(mine || any)) {
      throw ProblemException.of(
          ErrorCode.NOT_FOUND, "there is no such device of yours", "helm device list shows them");
    }
    devices.revoke(id);
    sessionsEnded.run();
    return new Bodies.Accepted(id, "revoked");
  }

  private static PeopleBodies.Device shown(DeviceStore.Device device, String name, Caller caller) {
    return new PeopleBodies.Device(
        device.id(),
        device.name(),
        new PeopleBodies.User(device.person(), name),
        device.publicKey() != null,
        device.id().equals(caller.deviceId()),
        device.createdAt(),
        Instant.ofEpochMilli(device.seenMs()).toString());
  }
}
