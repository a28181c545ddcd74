package pid1

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"time"

	"dev.helm/executor/wire"
)

const (
	// welcomeLimit is how long a host may take to answer the hello.
	welcomeLimit = 10 * time.Second
	// lastReads is how long frames that a dead host had sent are read after a failed write.
	lastReads = time.Second
	// chunkBytes is the output of one frame; base64 adds a third.
	chunkBytes = 128 << 10
	// maxQueued bounds the answers that a host does not take.
	maxQueued = 4096
)

// attachment is where this connection stands with one effect.
type attachment struct {
	e    *effect
	sent int64
	done bool
}

// session is one connection. The reader handles frames one after the other, to the last one that
// arrived: after it nothing of this host can start late. The writer alone writes.
type session struct {
	store *store
	conn  net.Conn
	wake  chan struct{}
	// Guarded by the store's lock.
	queue    []any
	attached map[string]*attachment
	over     bool
}

// run serves the connection to its end.
func (x *Executor) run(conn net.Conn) {
	defer conn.Close()
	if err := x.greet(conn); err != nil {
		return
	}
	s := &session{store: x.store, conn: conn, wake: make(chan struct{}, 1), attached: map[string]*attachment{}}
	x.store.mu.Lock()
	x.store.wake = s.wake
	x.store.mu.Unlock()
	written := make(chan struct{})
	go func() {
		defer close(written)
		s.write()
	}()
	if err := s.read(); errors.Is(err, wire.ErrBadFrame) {
		s.answer(wire.Error{T: "error", Code: wire.CodeBadFrame, Message: err.Error()})
	}
	x.store.mu.Lock()
	s.over = true
	x.store.changed()
	x.store.mu.Unlock()
	_ = conn.SetWriteDeadline(time.Now().Add(lastReads))
	<-written
	x.store.mu.Lock()
	x.store.wake = nil
	x.store.mu.Unlock()
}

// greet says hello and takes the welcome. The first secret is kept for this life; a host that
// answers with another one is not ours.
func (x *Executor) greet(conn net.Conn) error {
	_ = conn.SetDeadline(time.Now().Add(welcomeLimit))
	hello := wire.Hello{T: "hello", V: 1, Boot: x.boot, Secret: x.secret, Effects: x.store.list()}
	if err := wire.Write(conn, hello, wire.MaxHelloBytes); err != nil {
		return err
	}
	body, err := wire.Read(conn, wire.MaxHelloBytes)
	if err != nil {
		return err
	}
	m, err := wire.Decode(body)
	if err != nil {
		return err
	}
	if m.T != "welcome" || !wire.ValidSecret(m.Secret) {
		return fmt.Errorf("%w: no welcome", wire.ErrBadFrame)
	}
	if x.secret == "" {
		x.secret = m.Secret
	}
	if subtle.ConstantTimeCompare([]byte(x.secret), []byte(m.Secret)) != 1 {
		return fmt.Errorf("%w: other secret", wire.ErrBadFrame)
	}
	return conn.SetDeadline(time.Time{})
}

func (s *session) read() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", wire.ErrBadFrame, p)
		}
	}()
	for {
		body, err := wire.Read(s.conn, wire.MaxFromHostBytes)
		if err != nil {
			return err
		}
		m, err := wire.Decode(body)
		if err != nil {
			return err
		}
		if err := s.handle(m); err != nil {
			return err
		}
	}
}

func (s *session) handle(m *wire.FromHost) error {
	var refused *refusal
	switch m.T {
	case "start":
		refused = s.start(m)
	case "ack":
		refused = s.store.ack(m)
	case "kill":
		refused = s.store.kill(m)
	case "ping":
		return s.answer(wire.Pong{T: "pong"})
	case "pong":
	default:
		return fmt.Errorf("%w: unknown type %.40q", wire.ErrBadFrame, m.T)
	}
	if refused != nil {
		return s.answer(refused.frame(m.Key))
	}
	return nil
}

func (s *session) start(m *wire.FromHost) *refusal {
	e, refused := s.store.start(m)
	if refused != nil {
		return refused
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if e.pid != 0 {
		s.queue = append(s.queue, wire.Started{T: "started", Key: e.key, Pid: e.pid})
	}
	s.attached[e.key] = &attachment{e: e, sent: m.Offset}
	s.store.changed()
	return nil
}

func (s *session) answer(message any) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if len(s.queue) >= maxQueued {
		return fmt.Errorf("%w: %d answers were not taken", wire.ErrBadFrame, maxQueued)
	}
	s.queue = append(s.queue, message)
	s.store.changed()
	return nil
}

// write sends until the connection is over. After a failure the reader gets a moment to finish
// what the host had sent before.
func (s *session) write() {
	for {
		batch, over := s.next()
		for _, message := range batch {
			if err := wire.Write(s.conn, message, wire.MaxToHostBytes); err != nil {
				_ = s.conn.SetReadDeadline(time.Now().Add(lastReads))
				return
			}
		}
		if len(batch) > 0 {
			continue
		}
		if over {
			return
		}
		<-s.wake
	}
}

// next takes the queued answers, then one chunk or the end of each attached effect. A host that
// went away still gets the answers, but no more output.
func (s *session) next() (batch []any, over bool) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	batch, s.queue = s.queue, nil
	if s.over {
		return batch, true
	}
	for key, a := range s.attached {
		// The host may ack what it has from an earlier connection.
		a.sent = max(a.sent, a.e.out.base)
		if data := a.e.out.from(a.sent, chunkBytes); len(data) > 0 {
			batch = append(batch, wire.Out{T: "out", Key: key, Off: a.sent, Data: data})
			a.sent += int64(len(data))
		} else if a.e.exit != nil {
			batch = append(batch, *a.e.exit)
			delete(s.attached, key)
		}
	}
	return batch, false
}
