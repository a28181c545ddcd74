// Package tools holds the built-in tools that run as commands inside the container. Each reads its
// arguments as JSON and gives one JSON object, also when it fails.
package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxArgumentBytes = 16 << 20
	// maxContentBytes bounds what the model gets of one call.
	maxContentBytes = 200_000
	// rootVariable moves the workspace in tests. Inside a container it gives nothing: the tools
	// have no rights that their caller lacks.
	rootVariable = "HELM_TOOL_ROOT_FOR_TESTS"
	defaultRoot  = "/workspace"
)

// Result is the one object that a tool writes.
type Result struct {
	OK      bool     `json:"ok"`
	Summary string   `json:"summary,omitempty"`
	Content string   `json:"content,omitempty"`
	Changed []string `json:"changed,omitempty"`
	Read    []string `json:"read,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// tool is a built-in: it gets the workspace and its arguments.
type tool func(w *workspace, args json.RawMessage) (Result, error)

var builtin = map[string]tool{
	"Read":     decoded(read),
	"Write":    decoded(write),
	"Edit":     decoded(edit),
	"Glob":     decoded(glob),
	"Grep":     decoded(grep),
	"WebFetch": decoded(webFetch),
	"WriteRow": decoded(writeRow),
}

// decoded turns a function of typed arguments into a tool.
func decoded[A any](run func(*workspace, A) (Result, error)) tool {
	known := members(reflect.TypeFor[A]())
	return func(w *workspace, raw json.RawMessage) (Result, error) {
		if err := onlyKnown(raw, known); err != nil {
			return Result{}, err
		}
		var args A
		if err := json.Unmarshal(raw, &args); err != nil {
			var wrong *json.UnmarshalTypeError
			if errors.As(err, &wrong) && wrong.Field != "" {
				return Result{}, fmt.Errorf("argument %s cannot be a %s; give a %s", wrong.Field, wrong.Value, wrong.Type)
			}
			return Result{}, fmt.Errorf("the arguments are not a JSON object of this tool: %v", err)
		}
		return run(w, args)
	}
}

// members are the exact names of a tool's arguments.
func members(args reflect.Type) []string {
	var names []string
	for i := range args.NumField() {
		names = append(names, args.Field(i).Tag.Get("json"))
	}
	return names
}

// onlyKnown refuses names that are not exactly those of arguments, and a name that stands there
// twice. Attack: encoding/json also takes File_path for file_path, and the last one wins, while
// permission rules were judged on file_path.
func onlyKnown(raw json.RawMessage, known []string) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return errors.New("the arguments are not a JSON object of this tool")
	}
	seen := map[string]bool{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return fmt.Errorf("the arguments are not a JSON object of this tool: %v", err)
		}
		name := key.(string)
		switch {
		case !slices.Contains(known, name):
			return fmt.Errorf("there is no argument %.100q; there are %s", name, strings.Join(known, ", "))
		case seen[name]:
			return fmt.Errorf("argument %s stands there twice; give it once", name)
		}
		seen[name] = true
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return fmt.Errorf("the arguments are not a JSON object of this tool: %v", err)
		}
	}
	return nil
}

// Main runs one tool; 0 also for a tool's own failure, 1 when no sensible answer could be given.
func Main(args []string, in io.Reader, out, errOut io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintln(errOut, "helm-executor: internal error:", p)
			code = 1
			emit(out, Result{Error: "the tool failed inside; this is a fault of Helm, try another way"})
		}
	}()
	if len(args) != 1 || builtin[args[0]] == nil {
		emit(out, Result{Error: "no such built-in tool; there are Read, Write, Edit, Glob, Grep, WebFetch and WriteRow"})
		return 1
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxArgumentBytes+1))
	if err != nil || len(raw) > maxArgumentBytes {
		emit(out, Result{Error: "the arguments could not be read or are over 16 MiB; give less at a time"})
		return 1
	}
	root := defaultRoot
	if r := os.Getenv(rootVariable); r != "" {
		root = r
	}
	w, err := openWorkspace(root)
	if err != nil {
		emit(out, Result{Error: fmt.Sprintf("the workspace %s cannot be opened: %v; try again later", root, err)})
		return 1
	}
	defer w.root.Close()
	result, err := builtin[args[0]](w, raw)
	if err != nil {
		result = Result{Error: err.Error()}
	} else {
		result.OK = true
	}
	if !emit(out, result) {
		return 1
	}
	return 0
}

func emit(out io.Writer, r Result) bool {
	r.Content = cut(r.Content, maxContentBytes, "\n[cut here: the answer was longer than 200 KB; ask for less at a time]")
	r.Error = cut(r.Error, 4000, " [cut]")
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return false
	}
	_, err := out.Write(buf.Bytes())
	return err == nil
}

// cut shortens at a character's border and says so.
func cut(s string, limit int, note string) string {
	if len(s) <= limit {
		return s
	}
	end := limit
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + note
}

// count is "1 line", "2 lines".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// kilobytes is a size in kB, rounded, at least 1.
func kilobytes(n int) string { return fmt.Sprintf("%d KB", max(1, (n+500)/1000)) }

// shown is a workspace path as the model knows it.
func shown(rel string) string { return seen(path.Join(defaultRoot, rel)) }

// seen escapes what a name must not do to the text around it: end the line, turn it, hide.
func seen(name string) string {
	if utf8.ValidString(name) && !strings.ContainsFunc(name, odd) {
		return name
	}
	return strconv.QuoteToASCII(name)
}
