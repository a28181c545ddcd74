package pipe

import (
	"fmt"
	"io"
	"time"
)

const (
	// forwardBytes of the errors are passed on as they come. The executor keeps the first bytes of an
	// output, and ends what floods it; a server that logs for hours must not end by that.
	forwardBytes = 4 << 20
	// tailBytes are kept of what follows, and told at the end.
	tailBytes = 64 << 10
)

// carryErrors passes the program's stderr on: the beginning at once, the last words at the end.
func (j *joined) carryErrors(to io.Writer) {
	buf := make([]byte, 16<<10)
	var last tail
	passed := 0
	for {
		n, err := j.errors.Read(buf)
		if n > 0 && j.ended.Load() {
			_ = j.errors.SetReadDeadline(time.Now().Add(heldGrace))
		}
		now := min(n, forwardBytes-passed)
		_, _ = to.Write(buf[:now])
		passed += now
		last.add(buf[now:n])
		if err != nil {
			last.tell(to)
			return
		}
	}
}

// tail keeps the last bytes of a stream.
type tail struct {
	kept  []byte
	total int64
}

func (t *tail) add(data []byte) {
	t.total += int64(len(data))
	t.kept = append(t.kept, data...)
	if len(t.kept) > 2*tailBytes {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-tailBytes:]...)
	}
}

func (t *tail) tell(to io.Writer) {
	if len(t.kept) > tailBytes {
		t.kept = t.kept[len(t.kept)-tailBytes:]
	}
	if left := t.total - int64(len(t.kept)); left > 0 {
		_, _ = fmt.Fprintf(to, "\n[%d bytes left out]\n", left)
	}
	_, _ = to.Write(t.kept)
}
