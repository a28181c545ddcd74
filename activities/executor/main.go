// Command helm-executor is what Helm puts into an agent's container.
//
//	helm-executor                 runs as PID 1: dials the host and runs its commands
//	helm-executor tool NAME       a built-in tool: arguments as JSON on stdin, one JSON object out
//	helm-executor pipe NAME -- PROGRAM…   joins a program's stdin and stdout to the host
//	helm-executor connect HOST PORT       joins stdin and stdout to a host, through the egress proxy
//	helm-executor look            says what the container is like from its inside
//	helm-executor version
package main

import (
	"flag"
	"fmt"
	"os"

	"dev.helm/executor/connect"
	"dev.helm/executor/look"
	"dev.helm/executor/pid1"
	"dev.helm/executor/pipe"
	"dev.helm/executor/tools"
)

// version is set by the linker.
var version = "0.1.0"

func main() {
	args := os.Args[1:]
	switch {
	case len(args) == 1 && args[0] == "version":
		fmt.Println("helm-executor", version)
	case len(args) == 1 && args[0] == "look":
		os.Exit(look.Main(os.Stdin, os.Stdout))
	case len(args) > 0 && args[0] == "pipe":
		os.Exit(pipe.Main(args[1:]))
	case len(args) > 0 && args[0] == "connect":
		os.Exit(connect.Main(args[1:]))
	case len(args) > 0 && args[0] == "tool":
		os.Exit(tools.Main(args[1:], os.Stdin, os.Stdout, os.Stderr))
	default:
		resident(args)
	}
}

func resident(args []string) {
	if err := pid1.Harden(); err != nil {
		fmt.Fprintln(os.Stderr, "helm-executor: cannot protect itself:", err)
		os.Exit(1)
	}
	flags := flag.NewFlagSet("helm-executor", flag.ExitOnError)
	var config pid1.Config
	flags.StringVar(&config.Socket, "sock", "/run/helm/x.sock", "the host's socket")
	flags.StringVar(&config.ForwardFrom, "forward", "127.0.0.1:3128", "loopback address of the forwarder, empty for none")
	flags.StringVar(&config.ForwardTo, "egress", "/run/helm/egress.sock", "the egress proxy's socket")
	_ = flags.Parse(args)
	if flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: helm-executor [-sock PATH] | tool NAME | version")
		os.Exit(2)
	}
	pid1.New(config).Serve()
}
