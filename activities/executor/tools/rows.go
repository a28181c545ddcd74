package tools

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

const (
	maxColumns = 1000
	maxRows    = 1_000_000
)

type writeRowArgs struct {
	FilePath string          `json:"file_path"`
	Rows     json.RawMessage `json:"rows"`
	RowsFile string          `json:"rows_file"`
	RowCount *int            `json:"row_count"`
}

// row is a JSON object with its members in the order of appearance.
type row struct {
	keys   []string
	values map[string]string
}

// writeRow adds rows to a CSV file. The first row's keys are the header of a new file.
func writeRow(w *workspace, a writeRowArgs) (Result, error) {
	rel, err := w.rel(a.FilePath)
	if err != nil {
		return Result{}, err
	}
	rows, source, err := a.load(w)
	if err != nil {
		return Result{}, err
	}
	if len(rows) == 0 {
		return Result{}, errors.New("there are no rows; give at least one object")
	}
	if a.RowCount != nil && *a.RowCount != len(rows) {
		return Result{}, fmt.Errorf("there are %d rows and not %d as announced; nothing was written", len(rows), *a.RowCount)
	}
	old, err := w.existing(rel)
	if err != nil {
		return Result{}, err
	}
	header, out, err := heading(rel, old, rows[0].keys)
	if err != nil {
		return Result{}, err
	}
	for i, r := range rows {
		record, err := r.record(header)
		if err != nil {
			return Result{}, fmt.Errorf("row %d: %w; nothing was written", i+1, err)
		}
		writeRecord(out, record)
	}
	if out.Len() > maxFileBytes {
		return Result{}, fmt.Errorf("%s would be larger than %d MiB; write to another file", shown(rel), maxFileBytes>>20)
	}
	if err := w.save(rel, out.Bytes()); err != nil {
		return Result{}, err
	}
	verb := "written to"
	if len(old) > 0 {
		verb = "appended to"
	}
	return Result{
		Summary: "written",
		Content: fmt.Sprintf("%s %s %s; columns: %s.", count(len(rows), "entry", "entries"), verb, shown(rel), strings.Join(header, ", ")),
		Changed: []string{rel},
		Read:    source,
	}, nil
}

func (a writeRowArgs) load(w *workspace) (rows []row, source []string, err error) {
	inline := len(a.Rows) > 0 && string(a.Rows) != "null"
	switch {
	case inline && a.RowsFile != "":
		return nil, nil, errors.New("rows and rows_file are both given; give one of them")
	case inline:
		rows, err = parseRows(a.Rows)
		return rows, nil, err
	case a.RowsFile == "":
		return nil, nil, errors.New("rows is missing; give an array of objects, or rows_file with a JSON Lines file")
	}
	rel, err := w.rel(a.RowsFile)
	if err != nil {
		return nil, nil, err
	}
	data, err := w.load(rel, maxFileBytes)
	if err != nil {
		return nil, nil, err
	}
	rows, err = parseLines(shown(rel), data)
	return rows, []string{rel}, err
}

func parseRows(raw json.RawMessage) ([]row, error) {
	var objects []json.RawMessage
	if err := json.Unmarshal(raw, &objects); err != nil {
		return nil, errors.New("rows is not an array of objects; give [{\"column\": value, ...}, ...]")
	}
	rows := make([]row, 0, len(objects))
	for i, object := range objects {
		r, err := parseRow(object)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w; nothing was written", i+1, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func parseLines(name string, data []byte) ([]row, error) {
	var rows []row
	for number := 1; len(data) > 0; number++ {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		r, err := parseRow(line)
		if err != nil {
			return nil, fmt.Errorf("%s line %d: %w; nothing was written", name, number, err)
		}
		if rows = append(rows, r); len(rows) > maxRows {
			return nil, fmt.Errorf("%s has more than %d rows; split it", name, maxRows)
		}
	}
	return rows, nil
}

// parseRow reads one object and keeps the order of its members, which a map would lose.
func parseRow(raw []byte) (row, error) {
	r := row{values: map[string]string{}}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return r, errors.New("it is not a JSON object")
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return r, fmt.Errorf("it is not valid JSON: %v", err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return r, fmt.Errorf("it is not valid JSON: %v", err)
		}
		name := key.(string)
		if _, twice := r.values[name]; twice {
			return r, fmt.Errorf("the column %.100q stands there twice", name)
		}
		r.keys = append(r.keys, name)
		r.values[name] = cell(value)
	}
	if _, err := decoder.Token(); err != nil {
		return r, fmt.Errorf("it is not valid JSON: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return r, errors.New("something follows the JSON object")
	}
	if len(r.keys) == 0 || len(r.keys) > maxColumns {
		return r, fmt.Errorf("it has %d columns, allowed 1 to %d", len(r.keys), maxColumns)
	}
	return r, nil
}

// cell is a value's text: numbers as they are written, null as nothing, what is nested as JSON.
func cell(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	var compact bytes.Buffer
	if json.Compact(&compact, value) != nil {
		return string(value)
	}
	return compact.String()
}

func (r row) record(header []string) ([]string, error) {
	record := make([]string, len(header))
	for i, name := range header {
		record[i] = r.values[name]
	}
	for _, key := range r.keys {
		if !slices.Contains(header, key) {
			return nil, fmt.Errorf("the column %.100q is not in the header (%.500s)", key, strings.Join(header, ", "))
		}
	}
	return record, nil
}

// existing is the file's content, or nothing if there is none.
func (w *workspace) existing(rel string) ([]byte, error) {
	if _, err := w.root.Stat(rel); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return w.load(rel, maxFileBytes)
}

// heading gives the columns and the beginning of the new file. Rows for an existing file need the
// same columns; their order is the file's.
func heading(rel string, old []byte, keys []string) ([]string, *bytes.Buffer, error) {
	out := new(bytes.Buffer)
	if len(bytes.TrimSpace(old)) == 0 {
		writeRecord(out, keys)
		return keys, out, nil
	}
	header, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(old, []byte("\ufeff")))).Read()
	if err != nil {
		return nil, nil, fmt.Errorf("%s is there and is no CSV file: %v; write to another file", shown(rel), err)
	}
	if !sameColumns(header, keys) {
		return nil, nil, fmt.Errorf("%s has the columns %.500s, the rows have %.500s; use the same columns or another file",
			shown(rel), strings.Join(header, ", "), strings.Join(keys, ", "))
	}
	out.Write(old)
	if !bytes.HasSuffix(old, []byte("\n")) {
		out.WriteByte('\n')
	}
	return header, out, nil
}

func sameColumns(a, b []string) bool {
	x, y := slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(x, y)
}

// writeRecord quotes where RFC 4180 needs it, and where a reader would lose something: spaces at
// the ends, and a lone empty cell, which would be an empty line.
func writeRecord(out *bytes.Buffer, record []string) {
	for i, text := range record {
		if i > 0 {
			out.WriteByte(',')
		}
		if !strings.ContainsAny(text, "\",\r\n") && text == strings.TrimSpace(text) && (text != "" || len(record) > 1) {
			out.WriteString(text)
			continue
		}
		out.WriteByte('"')
		out.WriteString(strings.ReplaceAll(text, `"`, `""`))
		out.WriteByte('"')
	}
	out.WriteByte('\n')
}
