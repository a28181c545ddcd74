package wire

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// Limits on what a start may ask for.
const (
	MaxKeyBytes    = 200
	MaxHashBytes   = 200
	MaxCapBytes    = 16 << 20
	MaxDeadlineMs  = 24 * 60 * 60 * 1000
	MaxArguments   = 4096
	MaxEnvironment = 1024
)

// Reasons of an exit.
const (
	Exited      = "exited"
	Signalled   = "signalled"
	TimedOut    = "timedOut"
	Killed      = "killed"
	SpawnFailed = "spawnFailed"
)

// Codes of an error.
const (
	CodeBadFrame     = "bad_frame"
	CodeBadStart     = "bad_start"
	CodeBadOffset    = "bad_offset"
	CodeHashMismatch = "hash_mismatch"
	CodeAlreadyEnded = "already_ended"
	CodeUnknownKey   = "unknown_key"
	CodeNotEnded     = "not_ended"
	CodeTooMany      = "too_many"
)

// FromHost holds the members of every message that a host sends; T says which they are.
type FromHost struct {
	T          string            `json:"t"`
	Secret     string            `json:"secret"`
	Key        string            `json:"key"`
	Hash       string            `json:"hash"`
	Argv       []string          `json:"argv"`
	Cwd        string            `json:"cwd"`
	Env        map[string]string `json:"env"`
	Stdin      *[]byte           `json:"stdin"`
	DeadlineMs int64             `json:"deadlineMs"`
	CapBytes   int64             `json:"capBytes"`
	Offset     int64             `json:"offset"`
	Off        int64             `json:"off"`
	Exit       bool              `json:"exit"`
	Hard       bool              `json:"hard"`
}

// Effect is one line of a hello: an effect that is not acked to its end.
type Effect struct {
	Key   string `json:"key"`
	State string `json:"state"`
	Off   int64  `json:"off"`
}

// Hello is the executor's first frame on every connection.
type Hello struct {
	T       string   `json:"t"`
	V       int      `json:"v"`
	Boot    string   `json:"boot"`
	Secret  string   `json:"secret,omitempty"`
	Effects []Effect `json:"effects"`
}

// Started says that the effect's process exists (or existed).
type Started struct {
	T   string `json:"t"`
	Key string `json:"key"`
	Pid int    `json:"pid"`
}

// Out is a piece of kept output; Off is the offset of its first byte.
type Out struct {
	T    string `json:"t"`
	Key  string `json:"key"`
	Off  int64  `json:"off"`
	Data []byte `json:"data"`
}

// Exit is the end of an effect. Code is the exit status, or the negative signal number. Len is the
// length of the kept output, Total of all output, Dropped their difference; in bytes.
type Exit struct {
	T       string `json:"t"`
	Key     string `json:"key"`
	Code    int    `json:"code"`
	Reason  string `json:"reason"`
	Message string `json:"message,omitempty"`
	Len     int64  `json:"len"`
	Total   int64  `json:"total"`
	Dropped int64  `json:"dropped"`
}

// Error answers a message that was refused; a refused start did not run.
type Error struct {
	T       string `json:"t"`
	Key     string `json:"key,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Pong answers a ping.
type Pong struct {
	T string `json:"t"`
}

// ValidSecret tells whether s is 64 lower-case hex digits.
func ValidSecret(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// CheckKey refuses keys that JSON would lengthen: a hello that lists every effect must fit its frame.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKeyBytes {
		return fmt.Errorf("key has %d bytes, allowed 1 to %d", len(key), MaxKeyBytes)
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"\\<>&", c) >= 0 {
			return errors.New("key has a byte other than printable ASCII without space, quote, backslash, <, > and &")
		}
	}
	return nil
}

// CheckStart refuses a start that cannot be run; the text says which member is wrong.
func (m *FromHost) CheckStart() error {
	switch {
	case m.Hash == "" || len(m.Hash) > MaxHashBytes:
		return fmt.Errorf("hash has %d bytes, allowed 1 to %d", len(m.Hash), MaxHashBytes)
	case len(m.Argv) == 0 || len(m.Argv) > MaxArguments || m.Argv[0] == "":
		return fmt.Errorf("argv has %d entries, allowed 1 to %d, the first not empty", len(m.Argv), MaxArguments)
	case !path.IsAbs(m.Cwd):
		return errors.New("cwd is not an absolute path")
	case m.DeadlineMs < 1 || m.DeadlineMs > MaxDeadlineMs:
		return fmt.Errorf("deadlineMs is %d, allowed 1 to %d", m.DeadlineMs, int64(MaxDeadlineMs))
	case m.CapBytes < 1 || m.CapBytes > MaxCapBytes:
		return fmt.Errorf("capBytes is %d, allowed 1 to %d", m.CapBytes, MaxCapBytes)
	case len(m.Env) > MaxEnvironment:
		return fmt.Errorf("env has %d entries, allowed %d", len(m.Env), MaxEnvironment)
	}
	for _, a := range append(m.Argv, m.Cwd) {
		if strings.IndexByte(a, 0) >= 0 {
			return errors.New("argv or cwd has a NUL byte")
		}
	}
	for k, v := range m.Env {
		if k == "" || strings.ContainsAny(k, "=\x00") || strings.IndexByte(v, 0) >= 0 {
			return errors.New("env has a name that is empty or has '=', or a NUL byte")
		}
	}
	return nil
}
