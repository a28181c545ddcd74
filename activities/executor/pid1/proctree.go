package pid1

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// procStat is what the sweep needs to know of a process.
type procStat struct {
	pid, parent, session int
	zombie               bool
}

// processes lists what /proc shows. A process that ends meanwhile is left out.
func processes() []procStat {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var all []procStat
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if line, err := os.ReadFile("/proc/" + name + "/stat"); err == nil {
			if s, ok := parseStat(pid, line); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// parseStat reads a line of /proc/PID/stat. The command's name may hold anything, so the fields
// are counted from the last bracket.
func parseStat(pid int, line []byte) (procStat, bool) {
	_, rest, ok := bytes.Cut(line, []byte("("))
	end := bytes.LastIndexByte(rest, ')')
	if !ok || end < 0 {
		return procStat{}, false
	}
	fields := bytes.Fields(rest[end+1:])
	if len(fields) < 4 {
		return procStat{}, false
	}
	parent, err1 := strconv.Atoi(string(fields[1]))
	session, err2 := strconv.Atoi(string(fields[3]))
	if err1 != nil || err2 != nil {
		return procStat{}, false
	}
	return procStat{pid: pid, parent: parent, session: session, zombie: fields[0][0] == 'Z'}, true
}

func children(parent int) []int {
	var pids []int
	for _, s := range processes() {
		if s.parent == parent {
			pids = append(pids, s.pid)
		}
	}
	return pids
}

func sessionMembers(sid int) []int {
	var pids []int
	for _, s := range processes() {
		if s.session == sid && !s.zombie {
			pids = append(pids, s.pid)
		}
	}
	return pids
}

// killAll tells whether there was anything to kill.
func killAll(pids []int) bool {
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return len(pids) > 0
}
