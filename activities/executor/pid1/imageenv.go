package pid1

import (
	"encoding/json"
	"os"
	"strings"
)

const (
	// imageEnv holds what the author of an image set, in the image itself: the container's own
	// configuration has no variables.
	imageEnv      = "/usr/share/helm/env.json"
	maxImageEnv   = 64 << 10
	maxImageNames = 200
)

// ours are variables that an image does not get to say: where the proxy, the trusted certificates
// and places to write are.
var ours = map[string]bool{"HOME": true, "TMPDIR": true, "PWD": true}

// loadImageEnv adds the image's variables to every command's. A file that is not there or not as it
// must be adds none.
func loadImageEnv(path string) {
	info, err := os.Stat(path)
	if err != nil || info.Size() > maxImageEnv {
		return
	}
	text, err := os.ReadFile(path)
	var env map[string]string
	if err != nil || json.Unmarshal(text, &env) != nil || len(env) > maxImageNames {
		return
	}
	for name, value := range env {
		if settable(name) && !strings.ContainsRune(value, 0) {
			defaults[name] = value
		}
	}
}

// settable leaves out what would change this program where it runs as a tool.
func settable(name string) bool {
	upper := strings.ToUpper(name)
	switch {
	case name == "" || strings.ContainsAny(name, "=\x00") || ours[name]:
		return false
	case strings.HasSuffix(upper, "_PROXY"):
		return false
	case upper == "SSL_CERT_FILE", upper == "CURL_CA_BUNDLE", upper == "REQUESTS_CA_BUNDLE", upper == "NODE_EXTRA_CA_CERTS":
		return false
	}
	for _, runtime := range []string{"GODEBUG", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GOTRACEBACK"} {
		if upper == runtime {
			return false
		}
	}
	return true
}
