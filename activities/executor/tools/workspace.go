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
)

// maxFileBytes bounds a file that a tool holds whole.
const maxFileBytes = 64 << 20

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
	if name == "" {
		return "", errors.New("the path is empty; give a path in /workspace")
	}
	if strings.IndexByte(name, 0) >= 0 {
		return "", errors.New("the path has a NUL byte; give a path in /workspace")
	}
	if !path.IsAbs(name) {
		return tidy(name), nil
	}
	for _, prefix := range w.prefixes {
		if name == prefix {
			return ".", nil
		}
		if rest, ok := strings.CutPrefix(name, prefix+"/"); ok {
			return tidy(rest), nil
		}
	}
	return "", fmt.Errorf("%s is outside the workspace; only files in /workspace can be used", name)
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
func explain(rel string, err error) error {
	var pathErr *fs.PathError
	cause := err
	if errors.As(err, &pathErr) {
		cause = pathErr.Err
	}
	name := shown(rel)
	if strings.HasPrefix(rel, "..") {
		name = rel
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist; look with Glob or Bash ls", name)
	case strings.Contains(cause.Error(), "escapes"):
		return fmt.Errorf("%s leads out of the workspace (by .. or a link); only files in /workspace can be used", name)
	case errors.Is(err, syscall.ELOOP):
		return fmt.Errorf("%s goes through too many links; use the file's own path", name)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%s cannot be written: the disk is full; remove files that are not needed", name)
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

// save replaces a file in one step: a reader, or a kill in the middle, meets the old or the new
// content. Missing directories are made. A link to a file inside the workspace stays a link.
func (w *workspace) save(rel string, data []byte) error {
	if dir := path.Dir(rel); dir != "." {
		if err := w.root.MkdirAll(dir, 0o755); err != nil {
			return explain(dir, err)
		}
	}
	mode := fs.FileMode(0o644)
	st, err := w.root.Lstat(rel)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return explain(rel, err)
	case st.IsDir():
		return fmt.Errorf("%s is a directory; give a file's path", shown(rel))
	case st.Mode()&fs.ModeSymlink != 0:
		return w.overwrite(rel, data)
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file; only regular files can be used", shown(rel))
	default:
		mode = st.Mode().Perm()
	}
	id := make([]byte, 8)
	_, _ = rand.Read(id)
	temp := path.Join(path.Dir(rel), ".helm-write-"+hex.EncodeToString(id))
	f, err := w.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return explain(rel, err)
	}
	if err = fill(f, data); err == nil {
		_ = w.root.Chmod(temp, mode)
		err = w.root.Rename(temp, rel)
	}
	if err != nil {
		_ = w.root.Remove(temp)
		return explain(rel, err)
	}
	return nil
}

func (w *workspace) overwrite(rel string, data []byte) error {
	f, err := w.root.OpenFile(rel, os.O_WRONLY|os.O_CREATE|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return explain(rel, err)
	}
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		_ = f.Close()
		return fmt.Errorf("%s is not a regular file; only regular files can be used", shown(rel))
	}
	if err := f.Truncate(0); err != nil {
		_ = f.Close()
		return explain(rel, err)
	}
	if err := fill(f, data); err != nil {
		return explain(rel, err)
	}
	return nil
}

func fill(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
