package pid1

import (
	"bytes"
	"os"
	"strconv"
)

// victim makes the kernel take a command before the executor when memory runs out.
const victim = "1000"

// oomScore is this process's oom_score_adj. A child has from its first moment what its parent has
// at the fork, so the executor raises its own for that moment.
type oomScore struct {
	file *os.File
	own  string
}

// openOOMScore tries whether the score can be raised and lowered again; without that right, file is
// nil and a command's score is set just after its start.
func openOOMScore() oomScore {
	const path = "/proc/self/oom_score_adj"
	text, err := os.ReadFile(path)
	if err != nil {
		return oomScore{}
	}
	own := string(bytes.TrimSpace(text))
	n, err := strconv.Atoi(own)
	if err != nil || n >= 1000 {
		return oomScore{}
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return oomScore{}
	}
	s := oomScore{file: file, own: own}
	if s.set(strconv.Itoa(n+1)) != nil || s.set(own) != nil {
		_ = file.Close()
		return oomScore{}
	}
	return s
}

func (s oomScore) raise() { _ = s.set(victim) }
func (s oomScore) lower() { _ = s.set(s.own) }

func (s oomScore) set(value string) error {
	if s.file == nil {
		return nil
	}
	_, err := s.file.WriteAt([]byte(value), 0)
	return err
}
