package pid1

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"dev.helm/executor/wire"
)

const (
	proxyURL  = "http://127.0.0.1:3128"
	trustFile = "/run/helm/ca.pem"
	homeDir   = "/tmp/home"
)

// defaults is the environment of every command; a start may replace entries and add to them.
// Nothing of the executor's own environment is passed on.
var defaults = map[string]string{
	"HOME":                homeDir,
	"PATH":                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"LANG":                "C.UTF-8",
	"TMPDIR":              "/tmp",
	"HTTP_PROXY":          proxyURL,
	"HTTPS_PROXY":         proxyURL,
	"http_proxy":          proxyURL,
	"https_proxy":         proxyURL,
	"ALL_PROXY":           proxyURL,
	"NO_PROXY":            "",
	"SSL_CERT_FILE":       trustFile,
	"CURL_CA_BUNDLE":      trustFile,
	"REQUESTS_CA_BUNDLE":  trustFile,
	"NODE_EXTRA_CA_CERTS": trustFile,
}

func variable(m *wire.FromHost, name string) string {
	if v, ok := m.Env[name]; ok {
		return v
	}
	return defaults[name]
}

func environment(m *wire.FromHost) []string {
	env := make([]string, 0, len(defaults)+len(m.Env)+1)
	for k, v := range m.Env {
		env = append(env, k+"="+v)
	}
	for k, v := range defaults {
		if _, ok := m.Env[k]; !ok {
			env = append(env, k+"="+v)
		}
	}
	// So that a shell shows the directory by the name it was given, not by where its link leads.
	if _, ok := m.Env["PWD"]; !ok {
		env = append(env, "PWD="+m.Cwd)
	}
	slices.Sort(env)
	return env
}

// lookPath finds the program in the command's own PATH. Names with a slash are taken as they are.
func lookPath(m *wire.FromHost) (string, error) {
	name := m.Argv[0]
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range filepath.SplitList(variable(m, "PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		candidate := filepath.Join(dir, name)
		if st, err := os.Stat(candidate); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("program %q is not in PATH", name)
}

// spawnMessage says why there is no process; the kernel's error alone does not tell the working
// directory from the program.
func spawnMessage(m *wire.FromHost, err error) string {
	if st, dirErr := os.Stat(m.Cwd); dirErr != nil || !st.IsDir() {
		return fmt.Sprintf("the command did not run: working directory %q is not usable", m.Cwd)
	}
	if err == syscall.EAGAIN {
		return "the command did not run: the container's process limit is reached"
	}
	return fmt.Sprintf("the command did not run: %.200s: %v", m.Argv[0], err)
}
