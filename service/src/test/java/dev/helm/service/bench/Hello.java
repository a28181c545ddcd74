package dev.helm.service.bench;

/** The floor of every Java program: one line and the end. */
public final class Hello {
  private Hello() {}

  public static void main(String[] args) {
    System.out.println("hello");
  }
}
