package tools

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// maxLinks bounds the list of links under a page's text.
const maxLinks = 60

// page text: what a reader would see, in lines.
type htmlPage struct {
	text     string
	articles int
}

// renderer turns tokens into lines. Spaces collapse as in a browser; blocks begin new lines.
type renderer struct {
	base     *url.URL
	out      strings.Builder
	line     strings.Builder
	blank    bool // an empty line is wanted before the next one
	hidden   string
	depth    int // of the hidden element, counted in its own name
	pre      int
	title    string
	inTitle  bool
	lists    []int // -1 for bullets, else the last number
	cells    []string
	inRow    bool
	inCell   bool
	mark     string // what begins the line, as long as nothing follows it
	articles int
	href     string
	linkText strings.Builder
	links    []string
	seen     map[string]bool
}

// hiddenElements show nothing to a reader.
var hiddenElements = map[string]bool{
	"script": true, "style": true, "noscript": true, "template": true, "svg": true, "iframe": true,
	"canvas": true, "object": true, "select": true, "textarea": true, "math": true,
}

// blocks begin and end a line; the true ones also want an empty line around them.
var blocks = map[string]bool{
	"p": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true, "article": true,
	"section": true, "table": true, "ul": true, "ol": true, "dl": true, "blockquote": true, "pre": true,
	"header": true, "footer": true, "main": true, "nav": true, "aside": true, "figure": true, "hr": true,
	"div": false, "li": false, "dt": false, "dd": false, "form": false, "fieldset": false, "address": false,
	"details": false, "summary": false, "figcaption": false, "caption": false, "option": false, "body": false,
	"thead": false, "tbody": false, "tfoot": false, "br": false,
}

// parseHTML extracts a page's text: title, headings, paragraphs, lists, tables, and its links.
func parseHTML(source string, base *url.URL) htmlPage {
	r := &renderer{base: base, seen: map[string]bool{}}
	z := &tokens{rest: source}
	for {
		t, ok := z.next()
		if !ok {
			break
		}
		r.take(t)
	}
	r.endRow()
	r.flush()
	return htmlPage{text: r.finish(), articles: r.articles}
}

func (r *renderer) take(t token) {
	switch {
	case r.hidden != "":
		if t.tag == r.hidden {
			r.depth += map[bool]int{false: 1, true: -1}[t.closing]
			if r.depth == 0 {
				r.hidden = ""
			}
		}
	case t.tag == "":
		r.words(t.text)
	case t.tag == "title" && r.title == "":
		r.inTitle = !t.closing
	case hiddenElements[t.tag]:
		if !t.closing {
			r.hidden, r.depth = t.tag, 1
		}
	case t.closing:
		r.close(t.tag)
	default:
		r.open(t)
	}
}

func (r *renderer) words(text string) {
	if r.inTitle {
		r.title, r.inTitle = strings.Join(strings.Fields(text), " "), false
		return
	}
	if r.pre > 0 && !r.inRow {
		r.line.WriteString(strings.ReplaceAll(text, "\r", ""))
		return
	}
	r.collapse(&r.line, text)
	if r.href != "" {
		r.collapse(&r.linkText, text)
	}
}

// collapse writes text with each run of spaces as one.
func (r *renderer) collapse(to *strings.Builder, text string) {
	space := strings.HasSuffix(to.String(), " ") || to.Len() == 0
	for _, c := range text {
		if unicode.IsSpace(c) {
			if !space {
				to.WriteByte(' ')
			}
			space = true
			continue
		}
		if c == '\u200b' || c == '\u00ad' || c == '\ufeff' {
			continue
		}
		to.WriteRune(c)
		space = false
	}
}

func (r *renderer) open(t token) {
	switch t.tag {
	case "tr":
		r.endRow()
		r.flush()
		r.drop()
		r.line.Reset()
		r.inRow = true
		return
	case "td", "th":
		r.endCell()
		r.inCell = r.inRow
		return
	case "img":
		if alt := strings.TrimSpace(t.attrs["alt"]); alt != "" {
			r.collapse(&r.line, " ["+alt+"] ")
		}
		return
	case "a":
		r.endLink()
		r.href = t.attrs["href"]
		return
	}
	wide, block := blocks[t.tag]
	if !block {
		return
	}
	r.breakLine(wide)
	switch t.tag {
	case "article":
		r.articles++
	case "ul":
		r.lists = append(r.lists, -1)
	case "ol":
		r.lists = append(r.lists, 0)
	case "li":
		r.bullet()
	case "pre":
		r.pre++
	case "h1", "h2", "h3", "h4", "h5", "h6":
		if !r.inRow {
			r.begin(strings.Repeat("#", int(t.tag[1]-'0')) + " ")
		}
	}
}

func (r *renderer) bullet() {
	if r.inRow || len(r.lists) == 0 {
		r.begin("- ")
		return
	}
	indent := strings.Repeat("  ", min(len(r.lists)-1, 6))
	last := &r.lists[len(r.lists)-1]
	if *last < 0 {
		r.begin(indent + "- ")
		return
	}
	*last++
	r.begin(fmt.Sprintf("%s%d. ", indent, *last))
}

func (r *renderer) close(tag string) {
	switch tag {
	case "td", "th":
		r.endCell()
		return
	case "tr":
		r.endRow()
		return
	case "a":
		r.endLink()
		return
	case "table":
		r.endRow()
	}
	wide, block := blocks[tag]
	if !block {
		return
	}
	r.breakLine(wide)
	switch tag {
	case "li", "h1", "h2", "h3", "h4", "h5", "h6":
		r.drop()
	case "ul", "ol":
		if len(r.lists) > 0 {
			r.lists = r.lists[:len(r.lists)-1]
		}
	case "pre":
		r.pre = max(0, r.pre-1)
	}
}

// breakLine ends a line; inside a table's row a block is only a space.
func (r *renderer) breakLine(wide bool) {
	if r.inRow {
		r.collapse(&r.line, " ")
		return
	}
	r.flush()
	r.blank = r.blank || wide
}

// endCell takes the text since the last cell; what stands between cells is none.
func (r *renderer) endCell() {
	if !r.inRow {
		return
	}
	if text := strings.TrimSpace(r.line.String()); r.inCell || text != "" {
		r.cells = append(r.cells, text)
	}
	r.inCell = false
	r.line.Reset()
}

func (r *renderer) endRow() {
	if !r.inRow {
		return
	}
	r.endCell()
	r.inRow = false
	if len(r.cells) > 0 {
		r.line.WriteString(strings.Join(r.cells, " | "))
		r.flush()
	}
	r.cells = nil
}

func (r *renderer) endLink() {
	href, text := r.href, strings.TrimSpace(r.linkText.String())
	r.href = ""
	r.linkText.Reset()
	if href == "" || text == "" || len(r.links) >= maxLinks || strings.HasPrefix(href, "#") {
		return
	}
	target, err := url.Parse(strings.TrimSpace(href))
	if err != nil {
		return
	}
	if r.base != nil {
		target = r.base.ResolveReference(target)
	}
	if target.Scheme != "https" && target.Scheme != "http" || r.seen[target.String()] {
		return
	}
	r.seen[target.String()] = true
	r.links = append(r.links, fmt.Sprintf("- %s: %s", clip(text, 120), target))
}

// flush ends the line that is being written. A lone mark of a list or heading is kept for the text
// that a block inside it brings.
func (r *renderer) flush() {
	text := strings.TrimRightFunc(r.line.String(), unicode.IsSpace)
	if r.mark != "" && text == strings.TrimRight(r.mark, " ") {
		return
	}
	r.mark = ""
	r.line.Reset()
	if strings.TrimSpace(text) == "" {
		return
	}
	if r.blank && r.out.Len() > 0 {
		r.out.WriteByte('\n')
	}
	r.blank = false
	r.out.WriteString(text)
	r.out.WriteByte('\n')
}

// begin writes the mark of a list item or heading; one that got no text is dropped.
func (r *renderer) begin(mark string) {
	r.drop()
	r.line.WriteString(mark)
	if !r.inRow {
		r.mark = mark
	}
}

func (r *renderer) drop() {
	if r.mark != "" && strings.TrimRight(r.line.String(), " ") == strings.TrimRight(r.mark, " ") {
		r.line.Reset()
	}
	r.mark = ""
}

func (r *renderer) finish() string {
	var text strings.Builder
	if r.title != "" {
		text.WriteString("Title: " + r.title + "\n\n")
	}
	text.WriteString(r.out.String())
	if len(r.links) > 0 {
		text.WriteString("\nLinks:\n" + strings.Join(r.links, "\n") + "\n")
	}
	return text.String()
}
