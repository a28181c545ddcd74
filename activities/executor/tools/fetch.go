package tools

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	fetchLimit     = 30 * time.Second
	maxPageBytes   = 5 << 20
	maxPageChars   = 40_000
	maxRedirects   = 5
	maxPageHeaders = 64 << 10
)

type webFetchArgs struct {
	URL    string `json:"url"`
	SaveAs string `json:"save_as"`
}

// webFetch gets one page through the proxy of the environment.
func webFetch(w *workspace, a webFetchArgs) (Result, error) {
	target, err := checkURL(a.URL)
	if err != nil {
		return Result{}, err
	}
	var rel string
	if a.SaveAs != "" {
		if rel, err = w.rel(a.SaveAs); err != nil {
			return Result{}, err
		}
	}
	body, header, final, err := get(target)
	if err != nil {
		return Result{}, err
	}
	result := describe(body, header, final)
	if rel != "" {
		if err := w.save(rel, body); err != nil {
			return Result{}, fmt.Errorf("the page was fetched but not saved: %w", err)
		}
		result.Changed = []string{rel}
		result.Content = fmt.Sprintf("Saved %d bytes to %s.\n\n%s", len(body), shown(rel), result.Content)
	}
	return result, nil
}

func checkURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("url is missing; give an https URL")
	case err != nil || u.Host == "" && u.Scheme != "":
		return nil, fmt.Errorf("%.200q is not a URL; give one such as https://example.com/page", text)
	case u.Scheme != "https":
		return nil, errors.New("only https URLs can be fetched; give one that begins with https://")
	case u.User != nil:
		return nil, errors.New("the URL holds a user name or password; give it without")
	}
	return u, nil
}

// errRedirect carries a redirect to another host to the model, which may ask for it.
type errRedirect struct{ location string }

func (e *errRedirect) Error() string {
	return fmt.Sprintf("the page redirects to another host: %.2000s; fetch that URL if it is wanted", e.location)
}

func get(target *url.URL) (body []byte, header http.Header, final *url.URL, err error) {
	client := &http.Client{
		Timeout: fetchLimit,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			MaxResponseHeaderBytes: maxPageHeaders,
			DisableKeepAlives:      true,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			if next.URL.Scheme != "https" || !strings.EqualFold(next.URL.Host, target.Host) {
				return &errRedirect{next.URL.String()}
			}
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return nil
		},
	}
	request, err := http.NewRequest(http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("the URL cannot be requested: %v", err)
	}
	request.Header.Set("User-Agent", "Mozilla/5.0 (compatible; Helm WebFetch)")
	request.Header.Set("Accept", "text/html,application/xhtml+xml,text/*;q=0.9,*/*;q=0.5")
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, nil, explainFetch(target, err)
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, nil, nil, fmt.Errorf("%s answered %s; check the URL or try later", target.Redacted(), response.Status)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, maxPageBytes+1))
	if err != nil {
		return nil, nil, nil, explainFetch(target, err)
	}
	if len(body) > maxPageBytes {
		return nil, nil, nil, errors.New("the page is larger than 5 MiB; look for a smaller one, or get parts with Bash curl -r")
	}
	return body, response.Header, response.Request.URL, nil
}

func explainFetch(target *url.URL, err error) error {
	var redirect *errRedirect
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &redirect):
		return redirect
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%s did not answer within 30 s; try again or use another source", target.Host)
	case strings.Contains(err.Error(), "Forbidden"):
		return fmt.Errorf("the egress proxy refused %s; only hosts that this run may reach can be fetched", target.Host)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("%s could not be fetched: %v; check the host's name and whether this run may reach it", target.Host, err)
}

// describe makes the model's text and the summary.
func describe(body []byte, header http.Header, final *url.URL) Result {
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		kind, params, _ = mime.ParseMediaType(http.DetectContentType(body))
	}
	summary := kilobytes(len(body))
	switch {
	case kind == "text/html" || kind == "application/xhtml+xml":
		page := parseHTML(decodeText(body, params["charset"]), final)
		if page.articles > 0 {
			summary += " · " + count(page.articles, "post", "posts") + " parsed"
		}
		return Result{Summary: summary, Content: clipPage(page.text)}
	case isText(kind) && !isBinary(body[:min(len(body), sniffBytes)]):
		return Result{Summary: summary, Content: clipPage(decodeText(body, params["charset"]))}
	}
	return Result{
		Summary: summary,
		Content: fmt.Sprintf("The answer is %s, %d bytes, and not shown. Fetch it with save_as and look at it with Bash.", kind, len(body)),
	}
}

func isText(kind string) bool {
	if strings.HasPrefix(kind, "text/") {
		return true
	}
	for _, part := range []string{"json", "xml", "javascript", "yaml", "csv"} {
		if strings.Contains(kind, part) {
			return true
		}
	}
	return false
}

// decodeText makes UTF-8 of the two encodings that pages have.
func decodeText(body []byte, charset string) string {
	latin := strings.EqualFold(charset, "iso-8859-1") || strings.EqualFold(charset, "windows-1252")
	if !latin || utf8.Valid(body) {
		return strings.ToValidUTF8(string(body), "\ufffd")
	}
	runes := make([]rune, len(body))
	for i, b := range body {
		runes[i] = rune(b)
	}
	return string(runes)
}

func clipPage(text string) string {
	if len(text) <= maxPageChars || utf8.RuneCountInString(text) <= maxPageChars {
		return text
	}
	return string([]rune(text)[:maxPageChars]) + "\n[cut here: the page is longer than 40,000 characters; fetch it with save_as to see all]"
}
