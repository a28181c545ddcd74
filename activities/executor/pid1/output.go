package pid1

// output is the kept part of a command's output: its first limit bytes, of which the host has
// committed those below base. What is beyond the limit is only counted.
type output struct {
	limit int64
	base  int64
	kept  []byte
	total int64
}

// killFactor times the limit is where a flood of output ends its command.
const killFactor = 64

func (o *output) length() int64  { return o.base + int64(len(o.kept)) }
func (o *output) dropped() int64 { return o.total - o.length() }

// flooded tells whether the command is to be killed.
func (o *output) flooded() bool { return o.total > killFactor*o.limit }

// add takes what fits and tells whether anything was kept.
func (o *output) add(data []byte) bool {
	o.total += int64(len(data))
	room := min(o.limit-o.length(), int64(len(data)))
	// Once something is dropped nothing more is kept: the kept output is a true beginning.
	if room <= 0 {
		return false
	}
	o.kept = append(o.kept, data[:room]...)
	return true
}

// free drops what lies below off, which the host has committed.
func (o *output) free(off int64) {
	if off <= o.base {
		return
	}
	o.kept = o.kept[off-o.base:]
	o.base = off
	if len(o.kept) == 0 {
		o.kept = nil
	}
}

// from copies at most limit bytes at off.
func (o *output) from(off int64, limit int) []byte {
	rest := o.kept[off-o.base:]
	return append([]byte(nil), rest[:min(len(rest), limit)]...)
}
