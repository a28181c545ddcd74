package tools

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const samplePage = `<!doctype html><html><head><title>The &amp; Blog</title><style>p{color:red}</style></head>
<body><!-- hidden --><nav><a href="/home">Home</a></nav>
<script>if (a < b) document.write("<p>no</p>")</script>
<h1>Head <em>line</em></h1><p>First   para
graph &lt;here&gt; &eacute;&nbsp;x.<br>New line. 1 < 2</p>
<article><h2>Post 1</h2><ul><li>one<li><p>two</p><ol><li>deep</li></ol></li></ul></article>
<article><h2></h2><p>2024-01-02</p></article>
<table><tr><th></th><th>Plan</th><th>Price</th></tr><tr><td>1</td><td><p>Basic</p></td><td>$5<br>a month</td></tr></table>
<pre>  keep
    this</pre><img alt="A cat" src=x><a href="https://other.example/x?a=1&amp;b=2">Other</a><a href="javascript:x()">Bad</a>
</body></html>`

func TestHTMLToText(t *testing.T) {
	base, _ := url.Parse("https://blog.example/dir/page")
	page := parseHTML(samplePage, base)
	want := `Title: The & Blog

Home

# Head line

First para graph <here> é x.
New line. 1 < 2

## Post 1

- one

- two

  1. deep

2024-01-02

 | Plan | Price
1 | Basic | $5 a month

  keep
    this

[A cat] OtherBad

Links:
- Home: https://blog.example/home
- Other: https://other.example/x?a=1&b=2
`
	if page.text != want || page.articles != 2 {
		t.Errorf("%d articles\n%s", page.articles, page.text)
	}
}

func FuzzHTML(f *testing.F) {
	f.Add(samplePage)
	f.Add("<table><tr><td><li><pre></table></tr></ul></ol></pre><a href=")
	f.Add("<!--")
	f.Add("<title>")
	f.Add("<svg><svg></svg>")
	f.Fuzz(func(t *testing.T, source string) { parseHTML(source, nil) })
}

// TestMain makes a server's certificate trusted before the first request: Go reads it once.
func TestMain(m *testing.M) {
	server = httptest.NewTLSServer(http.HandlerFunc(serve))
	file, err := os.CreateTemp("", "helm-ca")
	if err != nil {
		panic(err)
	}
	_ = pem.Encode(file, &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	_ = file.Close()
	_ = os.Setenv("SSL_CERT_FILE", file.Name())
	code := m.Run()
	_ = os.Remove(file.Name())
	os.Exit(code)
}

var server *httptest.Server

func serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/page":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, samplePage+strings.Repeat(" ", 46_500-len(samplePage)))
	case "/plain":
		fmt.Fprint(w, "plain text")
	case "/json":
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"a":1}`)
	case "/latin":
		w.Header().Set("Content-Type", "text/html; charset=ISO-8859-1")
		fmt.Fprint(w, "<p>caf\xe9</p>")
	case "/binary":
		w.Header().Set("Content-Type", "application/pdf")
		fmt.Fprint(w, "%PDF\x00")
	case "/long":
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, strings.Repeat("é", 50_000))
	case "/huge":
		_, _ = w.Write(make([]byte, maxPageBytes+1))
	case "/same":
		http.Redirect(w, r, "/plain", http.StatusFound)
	case "/away":
		http.Redirect(w, r, "https://other.example/there", http.StatusFound)
	case "/insecure":
		http.Redirect(w, r, "http://"+r.Host+"/plain", http.StatusFound)
	case "/round":
		http.Redirect(w, r, "/round", http.StatusFound)
	default:
		http.NotFound(w, r)
	}
}

func TestWebFetch(t *testing.T) {
	root := t.TempDir()
	fetch := func(path string) Result { return call(t, root, "WebFetch", object{"url": server.URL + path}) }
	if r := fetch("/page"); r.Summary != "47 KB · 2 posts parsed" || !strings.Contains(r.Content, "1 | Basic | $5 a month") {
		t.Errorf("%+v", r)
	}
	for path, want := range map[string]string{"/plain": "plain text", "/same": "plain text", "/json": `{"a":1}`, "/latin": "café\n"} {
		if r := fetch(path); r.Content != want || r.Summary != "1 KB" {
			t.Errorf("%s: %+v", path, r)
		}
	}
	if r := fetch("/binary"); !strings.Contains(r.Content, "application/pdf, 5 bytes") {
		t.Errorf("%+v", r)
	}
	if r := fetch("/long"); !strings.Contains(r.Content, "cut here") || strings.Count(r.Content, "é") != maxPageChars {
		t.Errorf("%s", r.Summary)
	}
	for path, want := range map[string]string{
		"/none": "404 Not Found", "/huge": "5 MiB", "/away": "another host: https://other.example/there",
		"/insecure": "another host: http://", "/round": "more than 5 redirects",
	} {
		if r := fetch(path); !strings.Contains(r.Error, want) {
			t.Errorf("%s: %+v", path, r)
		}
	}
	r := call(t, root, "WebFetch", object{"url": server.URL + "/page", "save_as": "pages/p.html"})
	if data, _ := os.ReadFile(filepath.Join(root, "pages/p.html")); len(data) != 46_500 || len(r.Changed) != 1 {
		t.Errorf("%d %+v", len(data), r)
	}
	if r := call(t, root, "WebFetch", object{"url": server.URL + "/page", "save_as": "/etc/p"}); r.OK {
		t.Errorf("%+v", r)
	}
}
