package pid1

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"dev.helm/executor/wire"
)

const (
	// maxEffects bounds the effects that are not acked to their end; a hello lists them all.
	maxEffects = 128
	// maxTombstones bounds the ended keys that one container's life remembers.
	maxTombstones = 50_000
)

// store holds every effect of this life. It outlives connections.
type store struct {
	procs *procs
	mu    sync.Mutex
	// effects are those not acked to their end; tombstones are the keys of the others.
	effects    map[string]*effect
	tombstones map[string]struct{}
	// wake belongs to the connection, if there is one; it has room for one.
	wake chan struct{}
}

func newStore(p *procs) *store {
	return &store{procs: p, effects: map[string]*effect{}, tombstones: map[string]struct{}{}}
}

// refusal is an error message to be.
type refusal struct{ code, message string }

func (r *refusal) frame(key string) wire.Error {
	return wire.Error{T: "error", Key: key, Code: r.code, Message: r.message}
}

// changed tells the connection that there is something to send. The caller holds the lock.
func (s *store) changed() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *store) list() []wire.Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []wire.Effect{}
	for _, e := range s.effects {
		state := "running"
		if e.exit != nil {
			state = "ended"
		}
		all = append(all, wire.Effect{Key: e.key, State: state, Off: e.out.length()})
	}
	slices.SortFunc(all, func(a, b wire.Effect) int { return cmp.Compare(a.Key, b.Key) })
	return all
}

// start runs a new key, and finds a known one: it is also attach.
func (s *store) start(m *wire.FromHost) (*effect, *refusal) {
	if err := wire.CheckKey(m.Key); err != nil {
		return nil, &refusal{wire.CodeBadStart, err.Error()}
	}
	e, fresh, refused := s.admit(m)
	if refused != nil {
		return nil, refused
	}
	if fresh {
		s.launch(e, m)
	}
	return e, nil
}

func (s *store) admit(m *wire.FromHost) (e *effect, fresh bool, refused *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, dead := s.tombstones[m.Key]; dead {
		return nil, false, &refusal{wire.CodeAlreadyEnded, "this key ended and its end was acked; it is never run again"}
	}
	if e, known := s.effects[m.Key]; known {
		return e, false, e.checkAttach(m)
	}
	if err := m.CheckStart(); err != nil {
		return nil, false, &refusal{wire.CodeBadStart, err.Error()}
	}
	if m.Offset != 0 {
		return nil, false, &refusal{wire.CodeBadOffset, fmt.Sprintf("offset %d of a key that never ran here", m.Offset)}
	}
	if refused := s.full(); refused != nil {
		return nil, false, refused
	}
	e = &effect{key: m.Key, hash: m.Hash, out: output{limit: m.CapBytes}}
	s.effects[m.Key] = e
	return e, true, nil
}

func (e *effect) checkAttach(m *wire.FromHost) *refusal {
	if e.hash != m.Hash {
		return &refusal{wire.CodeHashMismatch, "this key was started with other arguments"}
	}
	if m.Offset < e.out.base || m.Offset > e.out.length() {
		return &refusal{wire.CodeBadOffset,
			fmt.Sprintf("offset %d is outside the kept output, %d to %d", m.Offset, e.out.base, e.out.length())}
	}
	return nil
}

func (s *store) full() *refusal {
	running := 0
	for _, e := range s.effects {
		if e.exit == nil {
			running++
		}
	}
	switch {
	case running >= maxCommands:
		return &refusal{wire.CodeTooMany, fmt.Sprintf("%d commands run, the limit; nothing was started", maxCommands)}
	case len(s.effects) >= maxEffects:
		return &refusal{wire.CodeTooMany, fmt.Sprintf("%d effects wait for their ack, the limit; nothing was started", maxEffects)}
	case len(s.tombstones)+len(s.effects) >= maxTombstones:
		return &refusal{wire.CodeTooMany, "this container has run all the commands it may; use a new one"}
	}
	return nil
}

// ack frees output below off; with exit it buries an ended effect. Repeats do nothing.
func (s *store) ack(m *wire.FromHost) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, dead := s.tombstones[m.Key]; dead {
		return nil
	}
	e, known := s.effects[m.Key]
	if !known {
		return &refusal{wire.CodeUnknownKey, "ack of a key that never ran here"}
	}
	if m.Off < 0 || m.Off > e.out.length() {
		return &refusal{wire.CodeBadOffset, fmt.Sprintf("ack of %d bytes, %d are kept", m.Off, e.out.length())}
	}
	e.out.free(m.Off)
	if !m.Exit {
		return nil
	}
	if e.exit == nil || m.Off != e.out.length() {
		return &refusal{wire.CodeNotEnded, "ack of an end that was not reached"}
	}
	delete(s.effects, m.Key)
	s.tombstones[m.Key] = struct{}{}
	return nil
}

// kill stops a command; for one that ended it does nothing.
func (s *store) kill(m *wire.FromHost) *refusal {
	s.mu.Lock()
	e, known := s.effects[m.Key]
	_, dead := s.tombstones[m.Key]
	running := known && e.exit == nil
	s.mu.Unlock()
	if !known && !dead {
		return &refusal{wire.CodeUnknownKey, "kill of a key that never ran here"}
	}
	if running {
		s.stop(e, wire.Killed, "killed by the host", m.Hard)
	}
	return nil
}
