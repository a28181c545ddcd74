// Package wire is the executor's protocol: frames of a 4-byte big-endian length and UTF-8 JSON,
// and the messages in them. docs/executor.md describes it.
package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	// MaxFromHostBytes bounds a frame from the host.
	MaxFromHostBytes = 16 << 20
	// MaxToHostBytes bounds a frame to the host.
	MaxToHostBytes = 1 << 20
	// MaxHelloBytes bounds the first frame of either side.
	MaxHelloBytes = 64 << 10
)

// ErrBadFrame marks everything that makes a frame unusable; the connection ends with it.
var ErrBadFrame = errors.New("bad frame")

// Read reads one frame of at most limit bytes. A clean end before the first byte is io.EOF.
func Read(r io.Reader, limit int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 || uint64(n) > uint64(limit) {
		return nil, fmt.Errorf("%w: length %d, allowed 1 to %d", ErrBadFrame, n, limit)
	}
	return readBody(r, int(n))
}

// readBody grows as bytes arrive, so that a length alone does not allocate 16 MiB.
func readBody(r io.Reader, n int) ([]byte, error) {
	const first = 64 << 10
	body := make([]byte, 0, min(n, first))
	for len(body) < n {
		if len(body) == cap(body) {
			grown := make([]byte, len(body), min(n, 4*cap(body)))
			copy(grown, body)
			body = grown
		}
		got, err := io.ReadFull(r, body[len(body):cap(body)])
		body = body[:len(body)+got]
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return body, nil
}

// Write writes one frame in a single call.
func Write(w io.Writer, message any, limit int) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	if len(body) > limit {
		return fmt.Errorf("%w: %d bytes to send, allowed %d", ErrBadFrame, len(body), limit)
	}
	frame := make([]byte, 4, 4+len(body))
	binary.BigEndian.PutUint32(frame, uint32(len(body)))
	_, err = w.Write(append(frame, body...))
	return err
}

// Decode turns the body of a host's frame into a FromHost.
func Decode(body []byte) (*FromHost, error) {
	if !utf8.Valid(body) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrBadFrame)
	}
	m := new(FromHost)
	if err := json.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrBadFrame, err)
	}
	return m, nil
}
