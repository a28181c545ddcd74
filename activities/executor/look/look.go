// Package look tells the host what a container is like from its inside: what the host cannot see
// without rights over the process. It runs once, before the first foreign byte does.
package look

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
)

// Answer is all that the host asks of one container; docs/sandbox.md tells what it must be.
type Answer struct {
	// Namespaces by name, as the links below /proc/self/ns say.
	Namespaces map[string]string `json:"namespaces"`
	// Devices are the names below /dev, with the kind and number of device files.
	Devices []string `json:"devices"`
	// Interfaces of the network.
	Interfaces []string `json:"interfaces"`
	// Unmasked are the paths, of those asked for, that show something.
	Unmasked []string `json:"unmasked"`
	// Writable are the paths, of those asked for, that could be opened for writing.
	Writable []string `json:"writable"`
	// Calls are the system calls that the filter should refuse and that got past it.
	Calls []string `json:"calls"`
}

// Question names the paths to look at.
type Question struct {
	Masked   []string `json:"masked"`
	ReadOnly []string `json:"readOnly"`
}

// Main answers one question on in with one answer on out and returns the exit status.
func Main(in io.Reader, out io.Writer) int {
	var question Question
	if json.NewDecoder(io.LimitReader(in, 1<<16)).Decode(&question) != nil {
		return 1
	}
	answer := Answer{
		Namespaces: namespaces(),
		Devices:    devices("/dev"),
		Interfaces: names("/sys/class/net"),
		Unmasked:   unmasked(question.Masked),
		Writable:   writable(question.ReadOnly),
		Calls:      calls(),
	}
	if json.NewEncoder(out).Encode(answer) != nil {
		return 1
	}
	return 0
}

func namespaces() map[string]string {
	found := map[string]string{}
	for _, name := range []string{"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"} {
		link, err := os.Readlink("/proc/self/ns/" + name)
		if err != nil {
			link = err.Error()
		}
		found[name] = link
	}
	return found
}

func names(dir string) []string {
	found := []string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return append(found, err.Error())
	}
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

// devices lists a directory of /dev; pseudo-terminals come and go and are not listed.
func devices(dir string) []string {
	found := []string{}
	for _, name := range names(dir) {
		path := filepath.Join(dir, name)
		info, err := os.Lstat(path)
		switch {
		case err != nil:
			found = append(found, name+" "+err.Error())
		case info.Mode()&os.ModeDevice != 0:
			stat, _ := info.Sys().(*syscall.Stat_t)
			kind := "b"
			if info.Mode()&os.ModeCharDevice != 0 {
				kind = "c"
			}
			found = append(found, name+" "+kind+" "+number(uint64(stat.Rdev)))
		case info.IsDir() && name == "pts":
			found = append(found, name)
		case info.IsDir():
			found = append(found, name)
			for _, below := range devices(path) {
				found = append(found, name+"/"+below)
			}
		default:
			found = append(found, name)
		}
	}
	sort.Strings(found)
	return found
}

func number(device uint64) string {
	major := (device>>8)&0xfff | (device>>32)&^0xfff
	minor := device&0xff | (device>>12)&^0xff
	text, _ := json.Marshal([]uint64{major, minor})
	return strings.NewReplacer("[", "", "]", "", ",", ":").Replace(string(text))
}

func unmasked(paths []string) []string {
	found := []string{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if info.IsDir() {
			entries, err := os.ReadDir(path)
			if err == nil && len(entries) > 0 {
				found = append(found, path)
			}
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			continue
		}
		read, _ := file.Read(make([]byte, 1))
		_ = file.Close()
		if read > 0 {
			found = append(found, path)
		}
	}
	return found
}

// writable opens files for writing and tries a new file in directories; nothing is written.
func writable(paths []string) []string {
	found := []string{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		target, flags := path, os.O_WRONLY
		if info.IsDir() {
			target, flags = filepath.Join(path, ".helm-look"), os.O_WRONLY|os.O_CREATE|os.O_EXCL
		}
		file, err := os.OpenFile(target, flags, 0o600)
		if err != nil {
			continue
		}
		_ = file.Close()
		if info.IsDir() {
			_ = os.Remove(target)
		}
		found = append(found, path)
	}
	return found
}
