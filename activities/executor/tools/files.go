package tools

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

const (
	maxReadLines = 2000
	maxReadBytes = 256 << 10
	maxLineChars = 2000
	maxEditBytes = 16 << 20
	sniffBytes   = 8 << 10
)

type readArgs struct {
	FilePath string `json:"file_path"`
	Offset   int    `json:"offset"`
	Limit    int    `json:"limit"`
}

// read shows numbered lines, like cat -n.
func read(w *workspace, a readArgs) (Result, error) {
	rel, err := w.rel(a.FilePath)
	if err != nil {
		return Result{}, err
	}
	if a.Offset < 0 || a.Limit < 0 {
		return Result{}, errors.New("offset and limit cannot be negative; offset is the first line's number, from 1")
	}
	f, st, err := w.open(rel)
	if err != nil {
		return Result{}, err
	}
	defer f.Close()
	reader := bufio.NewReaderSize(f, 64<<10)
	head, _ := reader.Peek(sniffBytes)
	if isBinary(head) {
		return Result{
			Summary: "binary · " + kilobytes(int(st.Size())),
			Content: fmt.Sprintf("%s is a binary file (%s, %d bytes). Read shows text only; look at it with Bash.",
				shown(rel), http.DetectContentType(head), st.Size()),
			Read: []string{rel},
		}, nil
	}
	first := max(1, a.Offset)
	limit := maxReadLines
	if a.Limit > 0 {
		limit = min(a.Limit, maxReadLines)
	}
	page, err := readPage(reader, first, limit)
	if err != nil {
		return Result{}, explain(rel, err)
	}
	return Result{
		Summary: count(page.lines, "line", "lines"),
		Content: page.text(rel, first),
		Read:    []string{rel},
	}, nil
}

// page is the shown part of a file: lines of them, out of all.
type page struct {
	body       strings.Builder
	lines, all int
}

func readPage(reader *bufio.Reader, first, limit int) (*page, error) {
	p := &page{}
	for {
		wanted := p.all+1 >= first && p.lines < limit && p.body.Len() < min(maxReadBytes, maxContentBytes-2*maxLineChars)
		line, more, err := readLine(reader, wanted)
		if err != nil {
			return nil, err
		}
		if !more {
			return p, nil
		}
		p.all++
		if wanted && p.all == first+p.lines {
			p.lines++
			fmt.Fprintf(&p.body, "%6d\t%s\n", p.all, line)
		}
	}
}

// readLine reads one line, of which it keeps at most maxLineChars characters.
func readLine(reader *bufio.Reader, keep bool) (line string, more bool, err error) {
	var kept []byte
	for {
		part, err := reader.ReadSlice('\n')
		more = more || len(part) > 0
		if keep && len(kept) < 4*maxLineChars {
			kept = append(kept, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err != nil && err != io.EOF:
			return "", false, err
		}
		text := strings.TrimSuffix(strings.TrimSuffix(string(kept), "\n"), "\r")
		return clip(text, maxLineChars), more, nil
	}
}

// clip shortens a line to so many characters.
func clip(line string, chars int) string {
	if len(line) <= chars || utf8.RuneCountInString(line) <= chars {
		return line
	}
	return string([]rune(line)[:chars]) + " [line cut]"
}

func (p *page) text(rel string, first int) string {
	last := first + p.lines - 1
	switch {
	case p.all == 0:
		return shown(rel) + " is empty."
	case p.lines == 0:
		return fmt.Sprintf("%s has %s; offset %d is behind its end.", shown(rel), count(p.all, "line", "lines"), first)
	case last < p.all:
		return fmt.Sprintf("%s[lines %d to %d of %d; read on with offset %d]\n", p.body.String(), first, last, p.all, last+1)
	}
	return p.body.String()
}

func isBinary(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 {
		return true
	}
	bad := 0
	for i := 0; i < len(head); {
		r, size := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && size == 1 && len(head)-i >= utf8.UTFMax {
			bad++
		}
		i += size
	}
	// Text in an old 8-bit encoding has few such bytes.
	return bad*4 > len(head)
}

type writeArgs struct {
	FilePath string  `json:"file_path"`
	Content  *string `json:"content"`
}

func write(w *workspace, a writeArgs) (Result, error) {
	rel, err := w.rel(a.FilePath)
	if err != nil {
		return Result{}, err
	}
	if a.Content == nil {
		return Result{}, errors.New("argument content is missing; give the file's whole content")
	}
	if err := w.save(rel, []byte(*a.Content)); err != nil {
		return Result{}, err
	}
	return Result{
		Summary: "written · " + kilobytes(len(*a.Content)),
		Content: fmt.Sprintf("Wrote %d bytes to %s.", len(*a.Content), shown(rel)),
		Changed: []string{rel},
	}, nil
}

type editArgs struct {
	FilePath   string `json:"file_path"`
	OldString  string `json:"old_string"`
	NewString  string `json:"new_string"`
	ReplaceAll bool   `json:"replace_all"`
}

func edit(w *workspace, a editArgs) (Result, error) {
	rel, err := w.rel(a.FilePath)
	if err != nil {
		return Result{}, err
	}
	switch {
	case a.OldString == "":
		return Result{}, errors.New("old_string is empty; give the text to replace, or use Write for a new file")
	case a.OldString == a.NewString:
		return Result{}, errors.New("old_string and new_string are the same; nothing would change")
	}
	data, err := w.load(rel, maxEditBytes)
	if err != nil {
		return Result{}, err
	}
	old := string(data)
	matches := strings.Count(old, a.OldString)
	switch {
	case matches == 0:
		return Result{}, fmt.Errorf("old_string matched 0 times in %s; read the file and copy the text exactly", shown(rel))
	case matches > 1 && !a.ReplaceAll:
		return Result{}, fmt.Errorf("old_string matched %d times in %s; add lines around it until it is unique, or set replace_all",
			matches, shown(rel))
	}
	if err := w.save(rel, []byte(strings.ReplaceAll(old, a.OldString, a.NewString))); err != nil {
		return Result{}, err
	}
	line := strings.Count(old[:strings.Index(old, a.OldString)], "\n") + 1
	return Result{
		Summary: count(matches, "change", "changes"),
		Content: fmt.Sprintf("Replaced %s in %s; the first at line %d.", count(matches, "match", "matches"), shown(rel), line),
		Changed: []string{rel},
	}, nil
}
