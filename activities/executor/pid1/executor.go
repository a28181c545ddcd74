// Package pid1 is the resident part of the executor: the first process of a container. It runs the
// host's commands, keeps their output until the host has committed it, and reaps and sweeps.
package pid1

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	minBackOff  = 10 * time.Millisecond
	maxBackOff  = 200 * time.Millisecond
	dialTimeout = 2 * time.Second
)

// Config says where things are; the defaults of main are right in a container.
type Config struct {
	// Socket is the host's unix socket.
	Socket string
	// ForwardFrom is the loopback address of the forwarder; empty for none.
	ForwardFrom string
	// ForwardTo is the egress proxy's unix socket.
	ForwardTo string
}

// agentPorts are the loopback addresses of what Helm offers to an agent that is a program of its own.
var agentPorts = map[string]string{
	"127.0.0.1:3129": "model.sock",
	"127.0.0.1:3130": "mcp.sock",
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Executor is one life of a container.
type Executor struct {
	config Config
	store  *store
	boot   string
	// secret is the host's, from its first welcome; only the connection loop touches it.
	secret string
}

// New makes an executor with a new boot id.
func New(config Config) *Executor {
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return &Executor{config: config, store: newStore(newProcs(score)), boot: hex.EncodeToString(id)}
}

// Serve never returns: it dials the host, serves the connection, and dials again.
func (x *Executor) Serve() {
	staySmall()
	_ = os.MkdirAll(homeDir, 0o755)
	loadImageEnv(imageEnv)
	go x.store.procs.reapForever()
	if x.config.ForwardFrom != "" {
		go forward(x.config.ForwardFrom, x.config.ForwardTo, noEgress)
		for from, name := range agentPorts {
			// The host listens there before this program starts, where it listens at all.
			if to := filepath.Join(filepath.Dir(x.config.Socket), name); exists(to) {
				go forward(from, to, noHost)
			}
		}
	}
	backOff := minBackOff
	for {
		conn, err := net.DialTimeout("unix", x.config.Socket, dialTimeout)
		if err == nil {
			began := time.Now()
			x.run(conn)
			if time.Since(began) > maxBackOff {
				backOff = minBackOff
			}
		}
		// Half fixed, half random: executors of one host do not dial in step.
		time.Sleep(max(minBackOff, backOff/2+mathrand.N(backOff/2+1)))
		backOff = min(2*backOff, maxBackOff)
	}
}
