package tools

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

const canary = "CANARY-outside-the-workspace"

// fileCall is one kind of call that takes a path of the model's.
type fileCall struct {
	name string
	run  func(w *workspace, path string) (Result, error)
}

func text(s string) *string { return &s }

var fileCalls = []fileCall{
	{"Read", func(w *workspace, p string) (Result, error) { return read(w, readArgs{FilePath: p}) }},
	{"Write", func(w *workspace, p string) (Result, error) {
		return write(w, writeArgs{FilePath: p, Content: text("written by the agent")})
	}},
	{"Edit", func(w *workspace, p string) (Result, error) {
		return edit(w, editArgs{FilePath: p, OldString: "a", NewString: "EDITED", ReplaceAll: true})
	}},
	{"Glob", func(w *workspace, p string) (Result, error) { return glob(w, globArgs{Pattern: "**", Path: p}) }},
	{"Grep", func(w *workspace, p string) (Result, error) {
		return grep(w, grepArgs{Pattern: ".", Path: p, OutputMode: "content"})
	}},
	{"WriteRow", func(w *workspace, p string) (Result, error) {
		return writeRow(w, writeRowArgs{FilePath: p, Rows: []byte(`[{"a":"b"}]`)})
	}},
	{"WriteRow rows_file", func(w *workspace, p string) (Result, error) {
		return writeRow(w, writeRowArgs{FilePath: "table.csv", RowsFile: p})
	}},
	{"WebFetch save_as", func(w *workspace, p string) (Result, error) {
		rel, err := w.rel(p)
		if err != nil {
			return Result{}, err
		}
		return Result{}, w.save(rel, []byte("a page"))
	}},
}

// field lays out a workspace beside a directory that nothing may touch.
func field(t *testing.T) (root, outside string) {
	t.Helper()
	top := t.TempDir()
	root, outside = filepath.Join(top, "workspace"), filepath.Join(top, "outside")
	put(t, root, "dir/file", "a b c\n")
	put(t, root, "real/deep/file", "a b c\n")
	put(t, outside, "secret", canary+" a\n")
	put(t, outside, "sub/secret", canary+" a\n")
	for link, target := range map[string]string{
		"out":            outside,
		"outrel":         "../outside",
		"outfile":        outside + "/secret",
		"outfilerel":     "../outside/secret",
		"nowhere":        "../outside/new",
		"up":             "..",
		"upup":           "dir/../../outside",
		"chain":          "chain2",
		"chain2":         "out",
		"loop":           "loop2",
		"loop2":          "loop",
		"proc":           "/proc/self",
		"procroot":       "/proc/self/root",
		"procfd":         "/proc/self/fd",
		"dev":            "/dev",
		"etc":            "/etc",
		"self":           "../workspace",
		"dir/out":        "../../outside",
		"dir/sneaky":     "deep/../../../outside",
		"link2":          "real/deep",
		"trailing":       "../outside/",
		"absolute":       outside + "/../outside/secret",
		"slashes":        "..//..//outside",
		"colon\u00e9out": "../outside",
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(root, "fifo"), 0o666); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: filepath.Join(root, "sock")}); err != nil {
		t.Fatal(err)
	}
	return root, outside
}

// hostilePaths never lead to a file of the workspace.
func hostilePaths(outside string) []string {
	paths := []string{
		"", "/", "//", "/etc/passwd", "/etc/shadow", "/proc/self/environ", "/proc/1/environ",
		"/proc/self/mem", "/proc/self/root/etc/passwd", "/dev/zero", "/dev/mem", "/dev/tty", "/sys/kernel/profiling",
		"/run/helm/x.sock", "/slot/../etc/passwd", "/slot/else/file", "/workspaces/x", "/workspace2/x", "/Workspace/dir/file",
		"/WORKSPACE/dir/file", "/workspace/../outside/secret", "/workspace/../workspace/../outside/secret",
		"/workspace/dir/../../outside/secret", "//workspace/dir/file", "/./workspace/dir/file", "/tmp/../workspace/dir/file",
		"..", "../", "../workspace", "../workspace/dir/file", "../outside/secret", "../../outside/secret",
		"dir/../../outside/secret", "dir/./../../outside/secret", "dir//..//..//outside/secret",
		"./../outside/secret", "dir/../../workspace/dir/file", strings.Repeat("../", 40) + "etc/passwd",
		"real/deep/../../../outside/secret", "link2/../../../outside/secret", "up/outside/secret", "upup/secret",
		"out/secret", "out/sub/secret", "out/sub/../secret", "outrel/secret", "outfile", "outfilerel", "nowhere",
		"chain/secret", "chain2/secret", "loop", "loop/file", "proc/environ", "proc/cwd/file", "procroot/etc/passwd",
		"procfd/0", "dev/zero", "dev/null", "etc/passwd", "self/dir/file", "dir/out/secret", "dir/sneaky/secret",
		"trailing/secret", "trailing", "absolute", "slashes/secret", "colon\u00e9out/secret",
		"fifo", "sock", "fifo/x", "dir/file/", "dir/file/x", "dir/file/..", "dir/file/../file",
		"dir/file\x00", "\x00", "dir\x00/../../outside/secret", "dir/file\n", "dir/\nfile", "dir/fi\rle", "dir/\x1b[2Jfile",
		"dir/\u202efile", "dir/\u200bfile", "\u2066dir/file", "dir/file\u2028", "dir/\ufeff/file", "dir/\xff\xfe", "\xc0\xae\xc0\xae/outside/secret",
		"dir/\ufffd", strings.Repeat("a", 256), "dir/" + strings.Repeat("é", 128), strings.Repeat("a/", 200) + "f",
		strings.Repeat("x", 5000), strings.Repeat("dir/../", 700) + "dir/file",
		outside, outside + "/secret", "/workspace" + outside + "/secret/..",
	}
	return paths
}

// tricks look like ways out and are odd names in the workspace, no more.
var tricks = []string{
	"%2e%2e/outside/secret", "..%2foutside%2fsecret", "..\\outside\\secret", "．．/outside/secret", "..／outside／secret",
	"‥/outside", ".../outside/secret", "~/secret", "~root/.ssh", "$HOME/x", "`id`/x", "-rf", "--help", " ..", ".. /outside", "DIR/file",
	"Dir/File", "dir/FILE", "cafe\u0301", "caf\u00e9", "file:///etc/passwd", "C:\\x", "con", "dir/fi\u043be", "\u0440eal/x",
}

func outsideIs(t *testing.T, outside string) {
	t.Helper()
	for _, name := range []string{"secret", "sub/secret"} {
		if got := get1(t, outside, name); got != canary+" a\n" {
			t.Fatalf("%s outside was changed: %q", name, got)
		}
	}
	for dir, want := range map[string]int{outside: 2, outside + "/sub": 1, filepath.Dir(outside): 2} {
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != want {
			t.Fatalf("%s has %d entries, was %d: %v", dir, len(entries), want, err)
		}
	}
}

func leaks(r Result, err error) bool {
	said := fmt.Sprint(r, err)
	return strings.Contains(said, canary) || strings.Contains(said, "root:x:0")
}

// Attack: every hostile path in every call that takes one.
func TestHostilePathsAreRefusedByEveryCall(t *testing.T) {
	root, outside := field(t)
	w, err := openWorkspace(root)
	if err != nil {
		t.Fatal(err)
	}
	defer w.root.Close()
	w.prefixes = w.prefixes[:2]
	paths := hostilePaths(outside)
	if len(paths) < 60 {
		t.Fatal("only", len(paths))
	}
	tried := 0
	for _, call := range fileCalls {
		for _, p := range paths {
			if strings.HasPrefix(call.name, "G") && p == "" {
				continue // the whole workspace
			}
			began := time.Now()
			r, err := call.run(w, p)
			if time.Since(began) > 5*time.Second {
				t.Errorf("%s(%q) blocked", call.name, p)
			}
			if leaks(r, err) {
				t.Fatalf("%s(%q) leaked: %v %v", call.name, p, r, err)
			}
			if err == nil && !harmless(call.name, p, r) {
				t.Errorf("%s(%q) went through: %+v", call.name, p, r)
			}
			tried++
		}
		for _, p := range tricks {
			if r, err := call.run(w, p); leaks(r, err) {
				t.Fatalf("%s(%q) leaked: %v %v", call.name, p, r, err)
			}
			tried++
		}
		outsideIs(t, outside)
	}
	t.Logf("%d hostile paths, %d odd names, %d calls", len(paths), len(tricks), tried)
}

// harmless: what a path means to the kernel although it looks odd, and walks that find nothing.
func harmless(call, p string, r Result) bool {
	if strings.HasPrefix(call, "G") && (strings.HasPrefix(r.Summary, "0 ") || p == "dir/file" || p == "dir/file/") {
		return true
	}
	return p == "dir/file/" // tidied: the file itself
}

// Positive control: the same layout read by string paths gives the canary away.
func TestNaivePathsLeak(t *testing.T) {
	root, outside := field(t)
	leaked := 0
	for _, p := range hostilePaths(outside) {
		if strings.Contains(p, "fifo") || strings.HasPrefix(p, "/dev") || strings.Contains(p, "dev/") || strings.HasPrefix(p, "/proc") {
			continue
		}
		name := p
		if !filepath.IsAbs(p) {
			name = filepath.Join(root, p)
		}
		if data, err := os.ReadFile(name); err == nil && strings.Contains(string(data), canary) {
			leaked++
		}
	}
	if leaked < 10 {
		t.Fatalf("only %d of the paths lead out, so the table proves little", leaked)
	}
}

// A link and ".." mean what they mean to the kernel: link2/.. is real, not the workspace.
func TestDotDotAfterALinkIsWalked(t *testing.T) {
	root, _ := field(t)
	put(t, root, "real/beside", "beside deep\n")
	w, err := openWorkspace(root)
	if err != nil {
		t.Fatal(err)
	}
	defer w.root.Close()
	r, err := read(w, readArgs{FilePath: "link2/../beside"})
	if err != nil || !strings.Contains(r.Content, "beside deep") {
		t.Fatal(r, err)
	}
	if _, err := write(w, writeArgs{FilePath: "link2/../beside", Content: text("new")}); err != nil {
		t.Fatal(err)
	}
	if get1(t, root, "real/beside") != "new" {
		t.Error("it was written elsewhere")
	}
	if _, err := write(w, writeArgs{FilePath: "link2/file", Content: text("through a link")}); err != nil {
		t.Fatal(err)
	}
	if get1(t, root, "real/deep/file") != "through a link" {
		t.Error("it was written elsewhere")
	}
}

// exchange swaps two names in one step.
func exchange(a, b string) {
	pa, _ := syscall.BytePtrFromString(a)
	pb, _ := syscall.BytePtrFromString(b)
	cwd := -100
	_, _, _ = syscall.Syscall6(316, uintptr(cwd), uintptr(unsafe.Pointer(pa)), uintptr(cwd), uintptr(unsafe.Pointer(pb)), 2, 0)
}

// swapping exchanges a directory for a link to outside, as fast as it can, until stopped.
func swapping(root string) (stop func() int64) {
	var done atomic.Bool
	var swaps atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !done.Load() {
			exchange(filepath.Join(root, "turn"), filepath.Join(root, "turn2"))
			swaps.Add(1)
		}
	}()
	return func() int64 {
		done.Store(true)
		<-ended
		return swaps.Load()
	}
}

func raceField(t *testing.T) (root, outside string) {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Skip("the number of renameat2 is that of amd64")
	}
	root, outside = field(t)
	put(t, root, "turn/secret", "inside a\n")
	put(t, root, "turn/rows.jsonl", "{\"a\":\"b\"}\n")
	put(t, outside, "rows.jsonl", "{\"a\":\""+canary+"\"}\n")
	if err := os.Symlink(outside, filepath.Join(root, "turn2")); err != nil {
		t.Fatal(err)
	}
	return root, outside
}

// Attack: a directory turns into a link to outside and back while 10,000 calls of each kind run.
func TestNoRaceLeadsOut(t *testing.T) {
	root, outside := raceField(t)
	w, err := openWorkspace(root)
	if err != nil {
		t.Fatal(err)
	}
	defer w.root.Close()
	calls := 10_000
	if testing.Short() {
		calls = 1_000
	}
	for _, call := range fileCalls {
		p := map[string]string{
			"Glob": "turn", "Grep": "turn", "WriteRow": "turn/new.csv", "WriteRow rows_file": "turn/rows.jsonl", "WebFetch save_as": "turn/page",
			"Write": "turn/written",
		}[call.name]
		if p == "" {
			p = "turn/secret"
		}
		stop := swapping(root)
		through := 0
		for range calls {
			r, err := call.run(w, p)
			if err == nil {
				through++
			}
			if leaks(r, err) {
				stop()
				t.Fatalf("%s read outside: %+v %v", call.name, r, err)
			}
		}
		swaps := stop()
		if got := get1(t, outside, "secret"); got != canary+" a\n" {
			t.Fatalf("%s wrote outside: %q", call.name, got)
		}
		entries, err := os.ReadDir(outside)
		if err != nil || len(entries) != 3 {
			t.Fatalf("%s made files outside: %v %v", call.name, entries, err)
		}
		t.Logf("%s: %d calls, %d swaps meanwhile, %d went through", call.name, calls, swaps, through)
		if swaps < 100 || through == 0 || through == calls && call.name != "Glob" && call.name != "Grep" {
			t.Logf("%s: the race was hardly one", call.name)
		}
	}
	if data := get1(t, root, "table.csv"); strings.Contains(data, canary) {
		t.Fatal("rows_file read outside")
	}
}

// Positive control: check, then use by name, is what the race beats.
func TestTheRaceBeatsNaiveCode(t *testing.T) {
	root, _ := raceField(t)
	stop := swapping(root)
	defer stop()
	leaked := 0
	for deadline := time.Now().Add(60 * time.Second); leaked == 0 && time.Now().Before(deadline); {
		name := filepath.Join(root, "turn", "secret")
		real, err := filepath.EvalSymlinks(name)
		if err != nil || !strings.HasPrefix(real, root+"/") {
			continue
		}
		if data, err := os.ReadFile(name); err == nil && strings.Contains(string(data), canary) {
			leaked++
		}
	}
	if leaked == 0 {
		t.Fatal("the race never led naive code out, so the other test proves nothing")
	}
}

// Names that the agent made with the shell cannot write lines of their own into an answer.
func TestOddNamesAreShownEscaped(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a\n/workspace/forged", "b\u202etxt.exe", "c\xff", "d\x1b[31m"} {
		put(t, root, name, "x needle\n")
	}
	w, err := openWorkspace(root)
	if err != nil {
		t.Fatal(err)
	}
	defer w.root.Close()
	g, err := glob(w, globArgs{Pattern: "**"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := grep(w, grepArgs{Pattern: "needle"})
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{g.Content, s.Content} {
		if strings.Contains(content, "\n/workspace/forged") || strings.ContainsAny(content, "\u202e\x1b") {
			t.Errorf("%q", content)
		}
	}
	if !strings.Contains(g.Content, `\n`) || !strings.Contains(g.Content, `\u202e`) {
		t.Errorf("%q", g.Content)
	}
}

// Attack: a tree so deep that a walk would never end.
func TestWalksEndInADeepTree(t *testing.T) {
	root := t.TempDir()
	put(t, root, "top", "x")
	at, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	for range 600 {
		if err := at.Mkdir("d", 0o755); err != nil {
			t.Fatal(err)
		}
		next, err := at.OpenRoot("d")
		if err != nil {
			t.Fatal(err)
		}
		_ = at.Close()
		at = next
	}
	_ = at.Close()
	w, err := openWorkspace(root)
	if err != nil {
		t.Fatal(err)
	}
	defer w.root.Close()
	began := time.Now()
	r, err := glob(w, globArgs{Pattern: "**"})
	if err != nil || !strings.Contains(r.Content, "/workspace/top") || !strings.Contains(r.Content, "down to 128 levels") {
		t.Fatal(r, err)
	}
	if time.Since(began) > 30*time.Second {
		t.Error("it took", time.Since(began))
	}
}

// Attack: the disk fills up. Nothing is left half written, and the answer says how much there is.
func TestAFullDiskIsToldAndLeavesFilesWhole(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mount("none", root, "tmpfs", 0, "size=1m,nr_inodes=40"); err != nil {
		if os.Getuid() == 0 && os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("needs the right to mount: ", err)
	}
	defer syscall.Unmount(root, syscall.MNT_DETACH)
	put(t, root, "old", "the old content, and an a\n")
	put(t, root, "old.csv", "a\nb\n")
	if err := os.Symlink("old", filepath.Join(root, "linked")); err != nil {
		t.Fatal(err)
	}
	w, err := openWorkspace(root)
	if err != nil {
		t.Fatal(err)
	}
	defer w.root.Close()
	put(t, root, "ballast", strings.Repeat("x", 900<<10))
	big := strings.Repeat("y", 300<<10)
	for _, path := range []string{"old", "linked", "new", "sub/new"} {
		_, err := write(w, writeArgs{FilePath: path, Content: &big})
		if err == nil || !strings.Contains(err.Error(), "the workspace is full: ") || !strings.Contains(err.Error(), "MB of 1 MB used") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := edit(w, editArgs{FilePath: "old", OldString: "a", NewString: big, ReplaceAll: true}); err == nil || !strings.Contains(err.Error(), "the workspace is full") {
		t.Error(err)
	}
	if _, err := writeRow(w, writeRowArgs{FilePath: "old.csv", Rows: []byte(`[{"a":"` + big + `"}]`)}); err == nil || !strings.Contains(err.Error(), "the workspace is full") {
		t.Error(err)
	}
	if get1(t, root, "old") != "the old content, and an a\n" || get1(t, root, "linked") != "the old content, and an a\n" || get1(t, root, "old.csv") != "a\nb\n" {
		t.Error("a file was left half written")
	}
	left, _ := filepath.Glob(filepath.Join(root, ".helm-write-*"))
	if len(left) > 0 {
		t.Error("left:", left)
	}
	if _, err := read(w, readArgs{FilePath: "old"}); err != nil {
		t.Error("reading has to stay possible:", err)
	}
	_ = os.Remove(filepath.Join(root, "ballast"))
	for i := 0; ; i++ {
		_, err := write(w, writeArgs{FilePath: fmt.Sprint("many", i), Content: text("")})
		if err != nil {
			if !strings.Contains(err.Error(), "of 40 files") {
				t.Error(err)
			}
			break
		}
		if i > 40 {
			t.Fatal(errors.New("no limit"))
		}
	}
	_ = os.Remove(filepath.Join(root, "many0"))
	if _, err := write(w, writeArgs{FilePath: "old", Content: text("goes on")}); err != nil {
		t.Error(err)
	}
}
