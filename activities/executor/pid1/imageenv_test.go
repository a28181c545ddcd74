package pid1

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dev.helm/executor/wire"
)

func TestAnImagesVariablesReachCommandsButNotOurs(t *testing.T) {
	before := maps.Clone(defaults)
	defer func() { defaults = before }()
	path := filepath.Join(t.TempDir(), "env.json")
	text := `{"PATH":"/opt/venv/bin:/usr/bin","JAVA_HOME":"/jdk","HOME":"/root","https_proxy":"http://evil",
		"SSL_CERT_FILE":"/evil","GODEBUG":"x","":"y","A=B":"z"}`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	loadImageEnv(path)
	env := environment(&wire.FromHost{Cwd: "/", Env: map[string]string{"JAVA_HOME": "/mine"}})
	for _, want := range []string{"PATH=/opt/venv/bin:/usr/bin", "JAVA_HOME=/mine", "HOME=" + homeDir, "https_proxy=" + proxyURL, "SSL_CERT_FILE=" + trustFile} {
		if !slices.Contains(env, want) {
			t.Error(want, env)
		}
	}
	if len(env) != len(before)+2 { // JAVA_HOME and PWD
		t.Error(env)
	}
	for _, bad := range []string{"", "[]", `{"A":1}`, "{"} {
		_ = os.WriteFile(path, []byte(bad), 0o600)
		loadImageEnv(path)
	}
	loadImageEnv(filepath.Join(t.TempDir(), "none"))
}
