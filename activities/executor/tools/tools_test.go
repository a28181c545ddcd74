package tools

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

// call runs a tool as the executor would.
func call(t *testing.T, root, name string, args any) Result {
	t.Helper()
	t.Setenv(rootVariable, root)
	raw, ok := args.(string)
	if !ok {
		data, err := json.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		raw = string(data)
	}
	var out, errOut bytes.Buffer
	if code := Main([]string{name}, strings.NewReader(raw), &out, &errOut); code != 0 {
		t.Fatalf("exit code %d: %s %s", code, out.String(), errOut.String())
	}
	var r Result
	decoder := json.NewDecoder(&out)
	if err := decoder.Decode(&r); err != nil || decoder.More() {
		t.Fatal("not one JSON object:", err)
	}
	if r.OK == (r.Error != "") {
		t.Fatalf("%+v", r)
	}
	return r
}

type object = map[string]any

func put(t *testing.T, root, name, content string) {
	t.Helper()
	file := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func get1(t *testing.T, root, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRead(t *testing.T) {
	root := t.TempDir()
	put(t, root, "a.txt", "one\ntwo\r\nthree")
	put(t, root, "empty", "")
	put(t, root, "bin", "\x89PNG\r\n\x1a\n\x00\x00")
	put(t, root, "many", strings.Repeat("line\n", 3000))
	put(t, root, "wide", strings.Repeat("ü", 300_000)+"\nend\n")
	put(t, root, "large", strings.Repeat(strings.Repeat("x", 1000)+"\n", 1000))

	r := call(t, root, "Read", object{"file_path": "/workspace/a.txt"})
	if r.Content != "     1\tone\n     2\ttwo\n     3\tthree\n" || r.Summary != "3 lines" || !reflect.DeepEqual(r.Read, []string{"a.txt"}) {
		t.Errorf("%+v", r)
	}
	r = call(t, root, "Read", object{"file_path": "a.txt", "offset": 2, "limit": 1})
	if !strings.HasPrefix(r.Content, "     2\ttwo\n[lines 2 to 2 of 3") || r.Summary != "1 line" {
		t.Errorf("%+v", r)
	}
	if r = call(t, root, "Read", object{"file_path": "a.txt", "offset": 9}); !strings.Contains(r.Content, "behind its end") {
		t.Errorf("%+v", r)
	}
	if r = call(t, root, "Read", object{"file_path": "empty"}); !strings.Contains(r.Content, "is empty") || r.Summary != "0 lines" {
		t.Errorf("%+v", r)
	}
	if r = call(t, root, "Read", object{"file_path": "bin"}); !strings.Contains(r.Content, "binary file (image/png, 10 bytes)") {
		t.Errorf("%+v", r)
	}
	if r = call(t, root, "Read", object{"file_path": "many"}); r.Summary != "2000 lines" || !strings.Contains(r.Content, "[lines 1 to 2000 of 3000; read on with offset 2001]") {
		t.Errorf("%s", r.Summary)
	}
	if r = call(t, root, "Read", object{"file_path": "wide"}); r.Summary != "2 lines" || len(r.Content) > 5000 || !strings.Contains(r.Content, "[line cut]") || !utf8.ValidString(r.Content) {
		t.Errorf("%s %d", r.Summary, len(r.Content))
	}
	if r = call(t, root, "Read", object{"file_path": "large"}); len(r.Content) > maxContentBytes || !strings.Contains(r.Content, " of 1000; read on with offset ") {
		t.Errorf("%d", len(r.Content))
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	root := t.TempDir()
	put(t, root, "dir/f", "x")
	if err := syscall.Mkfifo(filepath.Join(root, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tool string
		args any
		want string
	}{
		{"Read", object{"file_path": "/etc/passwd"}, "outside the workspace"},
		{"Read", object{"file_path": "/workspacex/a"}, "outside the workspace"},
		{"Read", object{"file_path": "../a"}, "out of the workspace"},
		{"Read", object{"file_path": "/workspace/../etc/passwd"}, "out of the workspace"},
		{"Read", object{"file_path": "dir/../../etc/passwd"}, "out of the workspace"},
		{"Read", object{"file_path": ""}, "empty"},
		{"Read", object{"file_path": "a\x00b"}, "NUL"},
		{"Read", object{"file_path": "nothing"}, "does not exist"},
		{"Read", object{"file_path": "dir"}, "is a directory"},
		{"Read", object{"file_path": "fifo"}, "not a regular file"},
		{"Read", object{"file_path": "dir/f/g"}, "as if it were a directory"},
		{"Read", object{"file_path": 5}, "argument file_path cannot be a number"},
		{"Read", "[]", "arguments"},
		{"Read", "not json", "arguments"},
		{"Write", object{"file_path": "fifo", "content": "x"}, "not a regular file"},
		{"Write", object{"file_path": "dir", "content": "x"}, "is a directory"},
		{"Write", object{"file_path": "x"}, "content is missing"},
		{"Edit", object{"file_path": "dir/f", "old_string": "y", "new_string": "z"}, "matched 0 times"},
		{"Edit", object{"file_path": "dir/f", "old_string": "", "new_string": "z"}, "empty"},
		{"Edit", object{"file_path": "dir/f", "old_string": "x", "new_string": "x"}, "the same"},
		{"Glob", object{"pattern": ""}, "empty"},
		{"Glob", object{"pattern": "*", "path": "/etc"}, "outside"},
		{"Grep", object{"pattern": "("}, "no regular expression"},
		{"Grep", object{"pattern": "x", "output_mode": "all"}, "output_mode"},
		{"Grep", object{"pattern": "x", "path": "nothing"}, "does not exist"},
		{"WebFetch", object{"url": "http://example.com/"}, "only https"},
		{"WebFetch", object{"url": "file:///etc/passwd"}, "not a URL"},
		{"WebFetch", object{"url": "https://u:p@example.com/"}, "password"},
		{"WebFetch", object{}, "missing"},
	} {
		if r := call(t, root, c.tool, c.args); !strings.Contains(r.Error, c.want) {
			t.Errorf("%s %v: %q, expected %q", c.tool, c.args, r.Error, c.want)
		}
	}
	var out bytes.Buffer
	if code := Main([]string{"Format"}, strings.NewReader("{}"), &out, &out); code != 1 || !strings.Contains(out.String(), `"ok":false`) {
		t.Error(code, out.String())
	}
}

func TestWriteAndEdit(t *testing.T) {
	root := t.TempDir()
	r := call(t, root, "Write", object{"file_path": "/workspace/a/b/c.txt", "content": strings.Repeat("x", 2600)})
	if r.Summary != "written · 3 KB" || !reflect.DeepEqual(r.Changed, []string{"a/b/c.txt"}) || len(get1(t, root, "a/b/c.txt")) != 2600 {
		t.Errorf("%+v", r)
	}
	put(t, root, "run.sh", "a b a")
	if err := os.Chmod(filepath.Join(root, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if r = call(t, root, "Edit", object{"file_path": "run.sh", "old_string": "a", "new_string": "c"}); !strings.Contains(r.Error, "matched 2 times") {
		t.Errorf("%+v", r)
	}
	if r = call(t, root, "Edit", object{"file_path": "run.sh", "old_string": "b", "new_string": "c"}); r.Summary != "1 change" {
		t.Errorf("%+v", r)
	}
	if r = call(t, root, "Edit", object{"file_path": "run.sh", "old_string": "a", "new_string": "$1", "replace_all": true}); r.Summary != "2 changes" || get1(t, root, "run.sh") != "$1 c $1" {
		t.Errorf("%+v %q", r, get1(t, root, "run.sh"))
	}
	if st, _ := os.Stat(filepath.Join(root, "run.sh")); st.Mode().Perm() != 0o755 {
		t.Error("the mode was lost:", st.Mode())
	}
	left, _ := filepath.Glob(filepath.Join(root, ".helm-write-*"))
	if len(left) > 0 {
		t.Error(left)
	}
}

func TestLinksNeverLeadOut(t *testing.T) {
	outside := t.TempDir()
	put(t, outside, "secret", "outside")
	root := t.TempDir()
	put(t, root, "in/side", "inside")
	for link, target := range map[string]string{
		"abs": outside, "absfile": filepath.Join(outside, "secret"), "up": "../" + filepath.Base(outside),
		"ok": "in/side", "okdir": "in", "loop": "loop", "dangling": "../../nothing/here",
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"abs/secret", "absfile", "up/secret", "okdir/../../" + filepath.Base(outside) + "/secret", "loop"} {
		for tool, args := range map[string]object{
			"Read": {"file_path": name}, "Write": {"file_path": name, "content": "x"}, "Edit": {"file_path": name, "old_string": "outside", "new_string": "x"},
			"WriteRow": {"file_path": name, "rows": []object{{"a": 1}}},
		} {
			if r := call(t, root, tool, args); r.OK || strings.Contains(r.Content, "outside") {
				t.Errorf("%s %s: %+v", tool, name, r)
			}
		}
	}
	if r := call(t, root, "Write", object{"file_path": "dangling", "content": "x"}); r.OK {
		t.Errorf("%+v", r)
	}
	if r := call(t, root, "Write", object{"file_path": "abs/new/file", "content": "x"}); r.OK {
		t.Errorf("%+v", r)
	}
	for _, tool := range []string{"Grep", "Glob"} {
		for _, path := range []string{"", "abs", "up"} {
			r := call(t, root, tool, object{"pattern": map[string]string{"Grep": "outside", "Glob": "**/secret"}[tool], "path": path})
			if strings.Contains(r.Content, "secret") {
				t.Errorf("%s %s: %+v", tool, path, r)
			}
		}
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 1 || get1(t, outside, "secret") != "outside" {
		t.Fatal("something outside was changed")
	}
	if r := call(t, root, "Write", object{"file_path": "ok", "content": "through"}); !r.OK || get1(t, root, "in/side") != "through" {
		t.Errorf("%+v", r)
	}
	if st, _ := os.Lstat(filepath.Join(root, "ok")); st.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
	if r := call(t, root, "Read", object{"file_path": "okdir/../in/side"}); !strings.Contains(r.Content, "through") {
		t.Errorf("%+v", r)
	}
}

// A directory is exchanged for a link to the outside while tools go through it.
func TestExchangedDirectoriesNeverLeadOut(t *testing.T) {
	outside, root := t.TempDir(), t.TempDir()
	put(t, outside, "f", "outside")
	put(t, root, "real/f", "inside")
	if err := os.Symlink(outside, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	swap := filepath.Join(root, "swap")
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			for _, name := range []string{"real", "link"} {
				_ = os.Rename(filepath.Join(root, name), swap)
				_ = os.Rename(swap, filepath.Join(root, name))
			}
		}
	}()
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if r := call(t, root, "Read", object{"file_path": "swap/f"}); strings.Contains(r.Content, "outside") {
			t.Fatalf("%+v", r)
		}
		call(t, root, "Write", object{"file_path": "swap/f", "content": "inside"})
		call(t, root, "Write", object{"file_path": "swap/new/f", "content": "inside"})
	}
	stop.Store(true)
	<-done
	if entries, _ := os.ReadDir(outside); len(entries) != 1 || get1(t, outside, "f") != "outside" {
		t.Fatal("something outside was changed")
	}
}

func TestGlob(t *testing.T) {
	root := t.TempDir()
	now := time.Now()
	for i, name := range []string{"a.go", "b.txt", "x/c.go", "x/y/d.go", "x/y/e.GO", ".git/f.go", "x/[z].go", "x/ü.go"} {
		put(t, root, name, "")
		at := now.Add(time.Duration(i) * time.Second)
		_ = os.Chtimes(filepath.Join(root, name), at, at)
	}
	for pattern, want := range map[string]string{
		"*.go":               "a.go",
		"**/*.go":            "x/ü.go x/[z].go x/y/d.go x/c.go a.go",
		"/workspace/x/*.go":  "x/ü.go x/[z].go x/c.go",
		"x/**":               "x/ü.go x/[z].go x/y/e.GO x/y/d.go x/c.go",
		"{a,b}.{go,txt}":     "b.txt a.go",
		"x/[a-c].go":         "x/c.go",
		"x/[!a-c].go":        "x/ü.go",
		"x/\\[z\\].go":       "x/[z].go",
		"?.txt":              "b.txt",
		"**/y/**/*.go":       "x/y/d.go",
		"nothing":            "",
		"x/**/[d-e].{go,GO}": "x/y/e.GO x/y/d.go",
	} {
		r := call(t, root, "Glob", object{"pattern": pattern})
		got := strings.ReplaceAll(strings.TrimSpace(r.Content), "/workspace/", "")
		if want == "" {
			want = "No file matches."
		}
		if strings.ReplaceAll(got, "\n", " ") != want {
			t.Errorf("%s: %q, expected %q", pattern, got, want)
		}
	}
	r := call(t, root, "Glob", object{"pattern": "*.go", "path": "/workspace/x/y"})
	if r.Content != "/workspace/x/y/d.go\n" || r.Summary != "1 file" {
		t.Errorf("%+v", r)
	}
}

func TestGrep(t *testing.T) {
	root := t.TempDir()
	put(t, root, "a.txt", "Foo\nbar foo\nfoo\n")
	put(t, root, "d/b.md", "foo\n")
	put(t, root, "bin", "foo\x00\n")
	for _, c := range []struct {
		args    object
		content string
		summary string
	}{
		{object{"pattern": "foo"}, "/workspace/a.txt\n/workspace/d/b.md\n", "3 matches"},
		{object{"pattern": "foo", "output_mode": "count"}, "/workspace/a.txt:2\n/workspace/d/b.md:1\n", "3 matches"},
		{object{"pattern": "^foo", "output_mode": "content"}, "/workspace/a.txt:3:foo\n/workspace/d/b.md:1:foo\n", "2 matches"},
		{object{"pattern": "^foo", "output_mode": "content", "-i": true, "-n": false, "glob": "*.txt"}, "/workspace/a.txt:Foo\n/workspace/a.txt:foo\n", "2 matches"},
		{object{"pattern": "foo", "output_mode": "content", "path": "d"}, "/workspace/d/b.md:1:foo\n", "1 match"},
		{object{"pattern": "foo", "output_mode": "content", "path": "/workspace/a.txt", "head_limit": 1},
			"/workspace/a.txt:2:bar foo\n[the first 1 of 2 lines; search narrower or raise head_limit]\n", "2 matches"},
		{object{"pattern": "nope"}, "No match.\n", "0 matches"},
	} {
		if r := call(t, root, "Grep", c.args); r.Content != c.content || r.Summary != c.summary {
			t.Errorf("%v: %+v", c.args, r)
		}
	}
}

func TestWriteRow(t *testing.T) {
	root := t.TempDir()
	r := call(t, root, "WriteRow", `{"file_path":"out/r.csv","rows":[
		{"name":"a,b","z":1.50,"a":null,"n":{"k":[1, 2]}},
		{"a":"line\nbreak","name":"say \"hi\"","z":12345678901234567890,"n":true}]}`)
	want := "name,z,a,n\n\"a,b\",1.50,,\"{\"\"k\"\":[1,2]}\"\n\"say \"\"hi\"\"\",12345678901234567890,\"line\nbreak\",true\n"
	if got := get1(t, root, "out/r.csv"); got != want || r.Summary != "written" || !strings.HasPrefix(r.Content, "2 entries written to /workspace/out/r.csv; columns: name, z, a, n") {
		t.Fatalf("%q %+v", got, r)
	}
	put(t, root, "rows.jsonl", "{\"a\":\" x \",\"name\":\"y\",\"z\":0,\"n\":\"\"}\n\n{\"z\":1,\"a\":2,\"n\":3,\"name\":4}\r\n")
	r = call(t, root, "WriteRow", object{"file_path": "out/r.csv", "rows_file": "/workspace/rows.jsonl"})
	if got := get1(t, root, "out/r.csv"); got != want+"y,0,\" x \",\n4,1,2,3\n" || !strings.Contains(r.Content, "2 entries appended") || !reflect.DeepEqual(r.Read, []string{"rows.jsonl"}) {
		t.Fatalf("%q %+v", got, r)
	}
	records, err := csv.NewReader(strings.NewReader(get1(t, root, "out/r.csv"))).ReadAll()
	if err != nil || len(records) != 5 || records[2][2] != "line\nbreak" {
		t.Fatal(records, err)
	}
	before := get1(t, root, "out/r.csv")
	for raw, want := range map[string]string{
		`{"file_path":"out/r.csv","rows":[{"other":1}]}`:                      "has the columns name, z, a, n, the rows have other",
		`{"file_path":"n.csv","rows":[{"a":1},{"b":2}]}`:                      "row 2: the column \"b\"",
		`{"file_path":"n.csv","rows":[{"a":1,"a":2}]}`:                        "twice",
		`{"file_path":"n.csv","rows":[1]}`:                                    "row 1",
		`{"file_path":"n.csv","rows":{}}`:                                     "array of objects",
		`{"file_path":"n.csv","rows":[]}`:                                     "no rows",
		`{"file_path":"n.csv"}`:                                               "rows is missing",
		`{"file_path":"n.csv","rows":[{"a":1}],"rows_file":"rows.jsonl"}`:     "give one of them",
		`{"file_path":"n.csv","rows_file":"out/r.csv"}`:                       "line 1",
		`{"file_path":"n.csv","rows":[{}]}`:                                   "columns",
		`{"file_path":"rows.jsonl","rows":[{"a":1,"name":2,"z":3,"n":4}]}`:    "no CSV file",
		`{"file_path":"n.csv","rows":null,"rows_file":"/etc/passwd"}`:         "outside the workspace",
		`{"file_path":"../n.csv","rows":[{"a":1,"name":2,"z":3,"n":4}]}`:      "out of the workspace",
		`{"file_path":"out/r.csv","rows":[{"name":"", "z":1,"a":2,"x":"1"}]}`: "has the columns",
	} {
		if r := call(t, root, "WriteRow", raw); !strings.Contains(r.Error, want) {
			t.Errorf("%s: %q", raw, r.Error)
		}
	}
	if get1(t, root, "out/r.csv") != before {
		t.Error("a refused call changed the file")
	}
	if _, err := os.Stat(filepath.Join(root, "n.csv")); err == nil {
		t.Error("a refused call made a file")
	}
	call(t, root, "WriteRow", `{"file_path":"one.csv","rows":[{"a":""},{"a":"x"}]}`)
	if records, err := csv.NewReader(strings.NewReader(get1(t, root, "one.csv"))).ReadAll(); err != nil || len(records) != 3 {
		t.Error(records, err)
	}
	put(t, root, "noeol.csv", "a")
	call(t, root, "WriteRow", `{"file_path":"noeol.csv","rows":[{"a":1}]}`)
	if got := get1(t, root, "noeol.csv"); got != "a\n1\n" {
		t.Errorf("%q", got)
	}
}

func TestContentIsBounded(t *testing.T) {
	root := t.TempDir()
	put(t, root, "f", strings.Repeat(strings.Repeat("ü", 200)+"\n", 4000))
	r := call(t, root, "Grep", object{"pattern": "ü", "output_mode": "content"})
	if len(r.Content) > maxContentBytes+200 || !strings.Contains(r.Content, "cut here") || !utf8.ValidString(r.Content) {
		t.Error(len(r.Content))
	}
}

func TestNamesOfArgumentsAreExact(t *testing.T) {
	root := t.TempDir()
	for name, args := range map[string]string{
		"Write":    `{"file_path":"a.md","File_path":"b.sql","content":"x"}`,
		"Read":     `{"FILE_PATH":"a.md"}`,
		"Grep":     `{"pattern":"KEY","path":"a","file_path":"b"}`,
		"Glob":     `{"pattern":"*","\u212aind":1}`,
		"Edit":     `{"file_path":"a","file_path":"b","old_string":"a","new_string":"b"}`,
		"WriteRow": `{"file_path":"a.csv","rows":[{"a":1}],"rowS":[{"a":2}]}`,
		"WebFetch": `{"url":"https://a.test","\u017fave_as":"x"}`,
	} {
		r := call(t, root, name, args)
		if r.OK || !strings.Contains(r.Error, "there is no argument") && !strings.Contains(r.Error, "stands there twice") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if entries, _ := os.ReadDir(root); len(entries) != 0 {
		t.Errorf("something was written: %v", entries)
	}
}
