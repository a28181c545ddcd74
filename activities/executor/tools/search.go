package tools

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	maxVisited   = 200_000
	maxGlobFiles = 1000
	maxGrepBytes = 16 << 20
	maxGrepLines = 5000
	maxGrepChars = 500
)

// file is what a walk meets: its path below the root.
type file struct {
	rel      string
	modified time.Time
}

// errEnough ends a walk early.
var errEnough = errors.New("enough")

// walk calls visit for every regular file below base, in order of names. Links are not followed,
// .git is left out.
func (w *workspace) walk(base string, visit func(file) error) (complete bool, err error) {
	visited := 0
	tooDeep := false
	err = fs.WalkDir(w.root.FS(), base, func(rel string, d fs.DirEntry, err error) error {
		if err != nil {
			if rel == base {
				return explain(rel, err)
			}
			return nil
		}
		if visited++; visited > maxVisited {
			return errEnough
		}
		if d.IsDir() && d.Name() == ".git" && rel != base {
			return fs.SkipDir
		}
		if d.IsDir() && strings.Count(rel, "/") >= maxDepth {
			tooDeep = true
			return fs.SkipDir
		}
		if !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		return visit(file{rel, info.ModTime()})
	})
	if errors.Is(err, errEnough) {
		return false, nil
	}
	return err == nil && !tooDeep, err
}

// base resolves a path argument that may be left out. Walks need a path without "..".
func (w *workspace) base(name string) (string, error) {
	if name == "" {
		return ".", nil
	}
	rel, err := w.rel(name)
	if err != nil {
		return "", err
	}
	if !fs.ValidPath(rel) {
		return "", fmt.Errorf("path %s has '..' in it; give the directory's own path", name)
	}
	if _, err := w.root.Stat(rel); err != nil {
		return "", explain(rel, err)
	}
	return rel, nil
}

type globArgs struct {
	Pattern string `json:"pattern"`
	Path    string `json:"path"`
}

// glob lists the files that match, the newest first.
func glob(w *workspace, a globArgs) (Result, error) {
	base, err := w.base(a.Path)
	if err != nil {
		return Result{}, err
	}
	pattern := a.Pattern
	if path.IsAbs(pattern) {
		if pattern, err = w.rel(pattern); err != nil {
			return Result{}, err
		}
		base = "."
	}
	matcher, err := compileGlob(strings.TrimPrefix(pattern, "./"))
	if err != nil {
		return Result{}, err
	}
	var found []file
	complete, err := w.walk(base, func(f file) error {
		if matcher.MatchString(below(base, f.rel)) {
			found = append(found, f)
		}
		return nil
	})
	if err != nil {
		return Result{}, err
	}
	slices.SortStableFunc(found, func(a, b file) int { return b.modified.Compare(a.modified) })
	var text strings.Builder
	for _, f := range found[:min(len(found), maxGlobFiles)] {
		text.WriteString(shown(f.rel) + "\n")
	}
	switch {
	case len(found) == 0:
		text.WriteString("No file matches.\n")
	case len(found) > maxGlobFiles:
		fmt.Fprintf(&text, "[the newest %d of %d files; use a narrower pattern]\n", maxGlobFiles, len(found))
	}
	text.WriteString(incomplete(complete))
	return Result{Summary: count(len(found), "file", "files"), Content: text.String()}, nil
}

func incomplete(complete bool) string {
	if complete {
		return ""
	}
	return fmt.Sprintf("[only the first %d files and directories, down to %d levels, were looked at; give a path]\n", maxVisited, maxDepth)
}

// below is rel as seen from base.
func below(base, rel string) string {
	if base == "." {
		return rel
	}
	if base == rel {
		return path.Base(rel)
	}
	return strings.TrimPrefix(rel, base+"/")
}

// compileGlob knows *, ?, [..], {a,b}, and ** for any number of directories.
func compileGlob(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, errors.New("the pattern is empty; give one such as **/*.csv")
	}
	var re strings.Builder
	re.WriteString(`\A`)
	depth := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			switch {
			case strings.HasPrefix(pattern[i:], "**/") && (i == 0 || pattern[i-1] == '/'):
				re.WriteString(`(?:.*/)?`)
				i += 2
			case strings.HasPrefix(pattern[i:], "**"):
				re.WriteString(`.*`)
				i++
			default:
				re.WriteString(`[^/]*`)
			}
		case '?':
			re.WriteString(`[^/]`)
		case '[':
			class, n := globClass(pattern[i:])
			re.WriteString(class)
			i += n - 1
		case '{':
			depth++
			re.WriteString(`(?:`)
		case '}':
			if depth == 0 {
				re.WriteString(`\}`)
				break
			}
			depth--
			re.WriteString(`)`)
		case ',':
			if depth > 0 {
				re.WriteString(`|`)
			} else {
				re.WriteString(`,`)
			}
		case '\\':
			if i+1 < len(pattern) {
				i++
			}
			re.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			if c < 0x80 {
				re.WriteString(regexp.QuoteMeta(string(rune(c))))
			} else {
				re.WriteByte(c)
			}
		}
	}
	re.WriteString(`\z`)
	compiled, err := regexp.Compile(`(?s)` + re.String())
	if err != nil {
		return nil, fmt.Errorf("the pattern %q is not valid; * ? [..] {a,b} and ** are known", pattern)
	}
	return compiled, nil
}

// globClass translates a leading [..] and tells its length; an open one is a plain bracket.
func globClass(pattern string) (string, int) {
	end := strings.IndexByte(pattern, ']')
	if end < 2 {
		return `\[`, 1
	}
	inner := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `&`, `\&`).Replace(pattern[1:end])
	if strings.HasPrefix(inner, "!") || strings.HasPrefix(inner, "^") {
		return `[^/` + inner[1:] + `]`, end + 1
	}
	return `[` + inner + `]`, end + 1
}

type grepArgs struct {
	Pattern    string `json:"pattern"`
	Path       string `json:"path"`
	Glob       string `json:"glob"`
	OutputMode string `json:"output_mode"`
	IgnoreCase bool   `json:"-i"`
	Numbers    *bool  `json:"-n"`
	HeadLimit  int    `json:"head_limit"`
}

// grep searches line by line with Go's regular expressions.
func grep(w *workspace, a grepArgs) (Result, error) {
	base, err := w.base(a.Path)
	if err != nil {
		return Result{}, err
	}
	g, err := newGrep(a)
	if err != nil {
		return Result{}, err
	}
	complete, err := w.walk(base, func(f file) error {
		name := below(base, f.rel)
		if g.files != nil && !g.files.MatchString(name) {
			return nil
		}
		data, err := w.load(f.rel, maxGrepBytes)
		if err != nil || isBinary(data[:min(len(data), sniffBytes)]) {
			return nil
		}
		g.search(f.rel, data)
		return nil
	})
	if err != nil {
		return Result{}, err
	}
	return Result{Summary: count(g.matches, "match", "matches"), Content: g.text() + incomplete(complete)}, nil
}

// search is one grep as it goes on.
type search struct {
	pattern *regexp.Regexp
	files   *regexp.Regexp
	mode    string
	numbers bool
	limit   int
	matches int
	lines   int
	out     strings.Builder
}

func newGrep(a grepArgs) (*search, error) {
	g := &search{mode: a.OutputMode, numbers: a.Numbers == nil || *a.Numbers, limit: maxGrepLines}
	if g.mode == "" {
		g.mode = "files_with_matches"
	}
	if !slices.Contains([]string{"content", "files_with_matches", "count"}, g.mode) {
		return nil, fmt.Errorf("output_mode %.40q is not known; use content, files_with_matches or count", g.mode)
	}
	if a.HeadLimit > 0 {
		g.limit = min(a.HeadLimit, maxGrepLines)
	}
	if a.Pattern == "" {
		return nil, errors.New("the pattern is empty; give a regular expression")
	}
	pattern := a.Pattern
	if a.IgnoreCase {
		pattern = "(?i)" + pattern
	}
	var err error
	if g.pattern, err = regexp.Compile(pattern); err != nil {
		return nil, fmt.Errorf("the pattern is no regular expression of Go (RE2): %v", err)
	}
	if a.Glob != "" {
		names := a.Glob
		if !strings.Contains(names, "/") {
			names = "**/" + names
		}
		if g.files, err = compileGlob(names); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *search) search(rel string, data []byte) {
	found, number := 0, 0
	for len(data) > 0 {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		number++
		line = bytes.TrimSuffix(line, []byte("\r"))
		if !g.pattern.Match(line) {
			continue
		}
		found++
		if g.mode == "content" {
			text := clip(string(line), maxGrepChars)
			if g.numbers {
				text = fmt.Sprintf("%d:%s", number, text)
			}
			g.emit(shown(rel) + ":" + text)
		}
	}
	g.matches += found
	if found > 0 && g.mode == "count" {
		g.emit(fmt.Sprintf("%s:%d", shown(rel), found))
	}
	if found > 0 && g.mode == "files_with_matches" {
		g.emit(shown(rel))
	}
}

func (g *search) emit(line string) {
	if g.lines++; g.lines <= g.limit && g.out.Len() < maxContentBytes {
		g.out.WriteString(line + "\n")
	}
}

func (g *search) text() string {
	if g.matches == 0 {
		return "No match.\n"
	}
	if g.lines > g.limit {
		return fmt.Sprintf("%s[the first %d of %d lines; search narrower or raise head_limit]\n", g.out.String(), g.limit, g.lines)
	}
	return g.out.String()
}
