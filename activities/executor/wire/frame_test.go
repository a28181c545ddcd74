package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestRoundTripInSmallPieces(t *testing.T) {
	var buf bytes.Buffer
	data := bytes.Repeat([]byte("xyz"), 100_000)
	if err := Write(&buf, Out{T: "out", Key: "k", Off: 7, Data: data}, MaxToHostBytes); err != nil {
		t.Fatal(err)
	}
	if err := Write(&buf, Pong{T: "pong"}, MaxToHostBytes); err != nil {
		t.Fatal(err)
	}
	r := iotest.OneByteReader(&buf)
	body, err := Read(r, MaxToHostBytes)
	if err != nil || len(body) < 400_000 {
		t.Fatal(len(body), err)
	}
	if body, err = Read(r, MaxToHostBytes); err != nil || string(body) != `{"t":"pong"}` {
		t.Fatal(string(body), err)
	}
	if _, err = Read(r, MaxToHostBytes); err != io.EOF {
		t.Fatal(err)
	}
}

func TestRefusesLengths(t *testing.T) {
	for _, n := range []uint32{0, 65, 1 << 31, 1<<32 - 1} {
		head := binary.BigEndian.AppendUint32(nil, n)
		if _, err := Read(bytes.NewReader(head), 64); !errors.Is(err, ErrBadFrame) {
			t.Error(n, err)
		}
	}
	if _, err := Read(strings.NewReader("\x00\x00\x00\x05abc"), 64); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
	if _, err := Read(strings.NewReader("\x00\x00"), 64); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
	if err := Write(io.Discard, Out{Data: make([]byte, 100)}, 64); !errors.Is(err, ErrBadFrame) {
		t.Error(err)
	}
}

func TestAHelloOfAllEffectsFits(t *testing.T) {
	h := Hello{T: "hello", V: 1, Boot: strings.Repeat("b", 32), Secret: strings.Repeat("s", 64)}
	for range 128 {
		h.Effects = append(h.Effects, Effect{Key: strings.Repeat("k", MaxKeyBytes), State: "running", Off: MaxCapBytes})
	}
	if err := Write(io.Discard, h, MaxHelloBytes); err != nil {
		t.Fatal(err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"t":"start","key":"k","argv":["a"],"stdin":"AA=="}`))
	f.Add([]byte(`{"t":"ack","off":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if m, err := Decode(body); err == nil {
			_ = m.CheckStart()
			_ = CheckKey(m.Key)
		} else if !errors.Is(err, ErrBadFrame) {
			t.Fatal(err)
		}
	})
}
