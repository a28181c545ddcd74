package tools

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

const (
	// maxFileBytes bounds a file that a tool holds whole.
	maxFileBytes = 64 << 20
	maxPathBytes = 4000
	maxNameBytes = 255
	maxDepth     = 128
	maxHops      = 40
)

// workspace is the only way to files. os.Root walks with directory handles, so neither a symlink
// nor a directory that is exchanged meanwhile leads out.
type workspace struct {
	root *os.Root
	// prefixes are the absolute names of the root.
	prefixes []string
}

func openWorkspace(dir string) (*workspace, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &workspace{root: root, prefixes: []string{defaultRoot, "/slot/workspace", dir}}, nil
}

// rel turns an argument into a path below the root. It does not resolve "..": the walk does, so
// that link/../x means what it means to the kernel.
func (w *workspace) rel(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New("the path is empty; give a path in /workspace")
	case len(name) > maxPathBytes:
		return "", fmt.Errorf("the path has %d bytes, allowed are %d; use a shorter one", len(name), maxPathBytes)
	}
	// What people are asked to allow has to be what they see: no line ends, no turned text.
	if at := strings.IndexFunc(name, odd); at >= 0 {
		r, _ := utf8.DecodeRuneInString(name[at:])
		if r == 0 {
			return "", errors.New("the path has a NUL byte; give a path in /workspace")
		}
		return "", fmt.Errorf("the path has the character %U, which people would not see; rename the file with Bash mv", r)
	}
	if !path.IsAbs(name) {
		return bounded(tidy(name))
	}
	for _, prefix := range w.prefixes {
		if name == prefix {
			return ".", nil
		}
		if rest, ok := strings.CutPrefix(name, prefix+"/"); ok {
			return bounded(tidy(rest))
		}
	}
	return "", fmt.Errorf("%s is outside the workspace; only files in /workspace can be used", clip(name, 300))
}

// odd are control characters, line ends, what turns the direction of text or cannot be seen, and
// what stands for bytes that are no text.
func odd(r rune) bool {
	return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs)
}

// bounded refuses names and depths that other programs choke on.
func bounded(rel string) (string, error) {
	parts := strings.Split(rel, "/")
	if len(parts) > maxDepth {
		return "", fmt.Errorf("the path is %d names deep, allowed are %d; use a shorter one", len(parts), maxDepth)
	}
	for _, part := range parts {
		if len(part) > maxNameBytes {
			return "", fmt.Errorf("a name in the path has %d bytes, allowed are %d; shorten it", len(part), maxNameBytes)
		}
	}
	return rel, nil
}

// tidy drops empty and "." elements, and keeps "..".
func tidy(name string) string {
	var kept []string
	for _, part := range strings.Split(name, "/") {
		if part != "" && part != "." {
			kept = append(kept, part)
		}
	}
	if len(kept) == 0 {
		return "."
	}
	return strings.Join(kept, "/")
}

// explain turns an error of the file system into one that tells what to do.
func (w *workspace) explain(rel string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return w.full(rel)
	}
	return explain(rel, err)
}

// full says how much there is, of bytes and of files: either can be what is missing.
func (w *workspace) full(rel string) error {
	why := "the workspace is full"
	if f, err := w.root.Open("."); err == nil {
		var st syscall.Statfs_t
		if syscall.Fstatfs(int(f.Fd()), &st) == nil {
			unit := uint64(st.Bsize)
			used, all := (st.Blocks-st.Bfree)*unit>>20, st.Blocks*unit>>20
			why = fmt.Sprintf("the workspace is full: %d MB of %d MB used, %d of %d files", used, all, st.Files-st.Ffree, st.Files)
		}
		_ = f.Close()
	}
	return fmt.Errorf("%s cannot be written: %s; delete files that are not needed", shown(rel), why)
}

func explain(rel string, err error) error {
	var pathErr *fs.PathError
	cause := err
	if errors.As(err, &pathErr) {
		cause = pathErr.Err
	}
	name := shown(rel)
	if strings.HasPrefix(rel, "..") {
		name = seen(rel)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist; look with Glob or Bash ls", name)
	case strings.Contains(cause.Error(), "escapes"):
		return fmt.Errorf("%s leads out of the workspace (by .. or a link); only files in /workspace can be used", name)
	case errors.Is(err, syscall.ELOOP):
		return fmt.Errorf("%s goes through too many links; use the file's own path", name)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return fmt.Errorf("%s: a name in it is too long; shorten it", clip(name, 300))
	case errors.Is(err, syscall.ENXIO):
		return fmt.Errorf("%s is not a regular file; only regular files can be used", name)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s goes through a file as if it were a directory; check the path", name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: permission denied; change its mode with Bash chmod or use another path", name)
	}
	return fmt.Errorf("%s: %v", name, cause)
}

// open opens a regular file for reading. It does not block on a FIFO.
func (w *workspace) open(rel string) (*os.File, fs.FileInfo, error) {
	f, err := w.root.OpenFile(rel, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, explain(rel, err)
	}
	st, err := f.Stat()
	switch {
	case err != nil:
		err = explain(rel, err)
	case st.IsDir():
		err = fmt.Errorf("%s is a directory; list it with Glob or Bash ls", shown(rel))
	case !st.Mode().IsRegular():
		err = fmt.Errorf("%s is not a regular file; only regular files can be used", shown(rel))
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, st, nil
}

// load reads a whole file of at most limit bytes.
func (w *workspace) load(rel string, limit int64) ([]byte, error) {
	f, _, err := w.open(rel)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, explain(rel, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d MiB; work on it with Bash", shown(rel), limit>>20)
	}
	return data, nil
}

// save replaces a file in one step: a reader, a full disk, or a kill in the middle, meets the old
// or the new content. Missing directories are made. A link to a file inside stays a link.
func (w *workspace) save(rel string, data []byte) error {
	target, mode, err := w.target(rel)
	if err != nil {
		return err
	}
	// With a ".." in it the directory is there or the path is wrong: nothing is made to fit.
	if dir := path.Dir(target); dir != "." && fs.ValidPath(target) {
		if err := w.root.MkdirAll(dir, 0o755); err != nil {
			return w.explain(dir, err)
		}
	}
	id := make([]byte, 8)
	_, _ = rand.Read(id)
	temp := above(target) + ".helm-write-" + hex.EncodeToString(id)
	f, err := w.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return w.explain(rel, err)
	}
	if err = fill(f, data); err == nil {
		_ = w.root.Chmod(temp, mode)
		err = w.root.Rename(temp, target)
	}
	if err != nil {
		_ = w.root.Remove(temp)
		return w.explain(rel, err)
	}
	return nil
}

// above is a path's directory with its slash, unresolved: path.Dir would take away link/.. pairs.
func above(rel string) string { return rel[:strings.LastIndexByte(rel, '/')+1] }

// target is the path that a write replaces, with the mode to give it: the file's own, or that to
// which a chain of links leads. Where the chain leads out the walk refuses it.
func (w *workspace) target(rel string) (string, fs.FileMode, error) {
	at := rel
	for range maxHops {
		st, err := w.root.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return at, 0o644, nil
		case err != nil:
			return "", 0, w.explain(rel, err)
		case st.IsDir():
			return "", 0, fmt.Errorf("%s is a directory; give a file's path", shown(rel))
		case st.Mode().IsRegular():
			return at, st.Mode().Perm(), nil
		case st.Mode()&fs.ModeSymlink == 0:
			return "", 0, fmt.Errorf("%s is not a regular file; only regular files can be used", shown(rel))
		}
		link, err := w.root.Readlink(at)
		if err != nil {
			return "", 0, w.explain(rel, err)
		}
		if path.IsAbs(link) {
			return "", 0, fmt.Errorf("%s leads out of the workspace by a link; only files in /workspace can be used", shown(rel))
		}
		at = above(at) + link
	}
	return "", 0, w.explain(rel, syscall.ELOOP)
}

func fill(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
