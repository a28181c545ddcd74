package dev.helm.cli.launch;

/**
 * The loopback ports of one installation: six in a row, counted from the service's.
 *
 * @param service the first port, 1024 to 65530
 */
public record Ports(int service) {
  /** The port of the service when nothing else is said. */
  public static final int STANDARD = 4356;

  /** Refuses a base that would leave the range of ordinary ports. */
  public Ports {
    if (service < 1024 || service > 65_530) {
      throw new IllegalArgumentException("the port must be between 1024 and 65530, not " + service);
    }
  }

  /** Metrics and health checks. */
  public int admin() {
    return service + 1;
  }

  /** Temporal's frontend. */
  public int temporal() {
    return service + 2;
  }

  /** The practice model. */
  public int practice() {
    return service + 3;
  }

  /** The key proxy. */
  public int keyProxy() {
    return service + 4;
  }

  /** The demo's fictitious site. */
  public int demoSite() {
    return service + 5;
  }
}
