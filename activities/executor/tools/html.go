package tools

import (
	"html"
	"strings"
)

// token is a piece of HTML: text, or a tag.
type token struct {
	text    string // of a text, entities resolved
	tag     string // lower-case name; empty for text
	closing bool
	attrs   map[string]string
}

// tokens cuts a page as browsers do in the ordinary cases. It never fails: what is no tag is text.
type tokens struct {
	rest string
	// raw is the element whose content is no markup.
	raw string
}

// rawElements hold text in which < means nothing.
var rawElements = map[string]bool{"script": true, "style": true, "textarea": true, "title": true, "noscript": true, "iframe": true}

func (z *tokens) next() (token, bool) {
	for z.rest != "" {
		if z.raw != "" {
			return z.rawText(), true
		}
		if z.rest[0] != '<' {
			return z.plainText(), true
		}
		switch {
		case strings.HasPrefix(z.rest, "<!--"):
			z.skipPast("-->", 4)
		case strings.HasPrefix(z.rest, "<![CDATA["):
			z.skipPast("]]>", 9)
		case strings.HasPrefix(z.rest, "<!"), strings.HasPrefix(z.rest, "<?"):
			z.skipPast(">", 2)
		case isTagStart(z.rest):
			return z.tag(), true
		default:
			return z.plainText(), true
		}
	}
	return token{}, false
}

func (z *tokens) skipPast(end string, from int) {
	i := strings.Index(z.rest[from:], end)
	if i < 0 {
		z.rest = ""
		return
	}
	z.rest = z.rest[from+i+len(end):]
}

// plainText runs to the next tag; a < that starts none belongs to it.
func (z *tokens) plainText() token {
	end := 1
	for end < len(z.rest) && (z.rest[end] != '<' || !isTagStart(z.rest[end:]) && !strings.HasPrefix(z.rest[end:], "<!") && !strings.HasPrefix(z.rest[end:], "<?")) {
		end++
	}
	text := z.rest[:end]
	z.rest = z.rest[end:]
	return token{text: html.UnescapeString(text)}
}

// rawText is all up to the closing tag of the raw element.
func (z *tokens) rawText() token {
	name := z.raw
	z.raw = ""
	end := indexFold(z.rest, "</"+name)
	if end < 0 {
		end = len(z.rest)
	}
	text := z.rest[:end]
	z.rest = z.rest[end:]
	if name == "title" || name == "textarea" {
		text = html.UnescapeString(text)
	}
	return token{text: text}
}

// indexFold finds an ASCII needle in any case.
func indexFold(s, needle string) int {
	for i := 0; i+len(needle) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(needle)], needle) {
			return i
		}
	}
	return -1
}

func isTagStart(s string) bool {
	if len(s) < 2 {
		return false
	}
	c := s[1]
	if c == '/' && len(s) > 2 {
		c = s[2]
	}
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (z *tokens) tag() token {
	t := token{}
	s := z.rest[1:]
	if s[0] == '/' {
		t.closing = true
		s = s[1:]
	}
	end := strings.IndexAny(s, " \t\r\n\f/>")
	if end < 0 {
		end = len(s)
	}
	t.tag = strings.ToLower(s[:end])
	z.rest = t.attributes(s[end:])
	if !t.closing && rawElements[t.tag] {
		z.raw = t.tag
	}
	return t
}

// attributes reads up to the tag's end and returns what follows it.
func (t *token) attributes(s string) string {
	for {
		s = strings.TrimLeft(s, " \t\r\n\f/")
		if s == "" {
			return ""
		}
		if s[0] == '>' {
			return s[1:]
		}
		end := 1
		for end < len(s) && !strings.ContainsRune(" \t\r\n\f/>=", rune(s[end])) {
			end++
		}
		name := strings.ToLower(s[:end])
		s = strings.TrimLeft(s[end:], " \t\r\n\f")
		value := ""
		if s != "" && s[0] == '=' {
			value, s = attributeValue(strings.TrimLeft(s[1:], " \t\r\n\f"))
		}
		if t.attrs == nil {
			t.attrs = map[string]string{}
		}
		if _, twice := t.attrs[name]; !twice {
			t.attrs[name] = html.UnescapeString(value)
		}
	}
}

func attributeValue(s string) (value, rest string) {
	if s == "" {
		return "", ""
	}
	if q := s[0]; q == '"' || q == '\'' {
		end := strings.IndexByte(s[1:], q)
		if end < 0 {
			return s[1:], ""
		}
		return s[1 : 1+end], s[2+end:]
	}
	end := strings.IndexAny(s, " \t\r\n\f>")
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}
