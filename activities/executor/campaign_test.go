package main

import (
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// journal is what a host has committed of one command.
type journal struct {
	out  string
	exit *message
}

// The host dies at random moments, at least 60 times; each command runs once, and its committed output and
// exit are right. HELM_TEST_SEED repeats a run.
func TestHostRestartsMidCommand(t *testing.T) {
	seed := time.Now().UnixNano()
	if s := os.Getenv("HELM_TEST_SEED"); s != "" {
		seed, _ = strconv.ParseInt(s, 10, 64)
	}
	t.Logf("HELM_TEST_SEED=%d", seed)
	random := rand.New(rand.NewSource(seed))
	h := executor(t)
	file := filepath.Join(t.TempDir(), "log")
	deaths := 0
	for i := 0; i < 12 || deaths < 60; i++ {
		if i > 400 {
			t.Fatal("too few deaths")
		}
		key := "k" + strconv.Itoa(i)
		m := start(key, fmt.Sprintf(`echo %s >> %s; for i in $(seq 200); do echo %s line $i; [ $((i %% 20)) = 0 ] && sleep 0.002; done; exit %d`, key, file, key, i%100))
		j := &journal{}
		for j.exit == nil {
			deaths += j.attempt(h, m, random)
		}
		check(t, j, key, i%100)
		h.send(map[string]any{"t": "ack", "key": key, "off": len(j.out), "exit": true})
	}
	data, _ := os.ReadFile(file)
	seen := map[string]int{}
	for _, line := range strings.Fields(string(data)) {
		seen[line]++
	}
	for key, n := range seen {
		if n != 1 {
			t.Errorf("%s ran %d times", key, n)
		}
	}
	t.Logf("%d commands, %d deaths of the host", len(seen), deaths)
}

// attempt goes on from the journal until the end or a random death, and tells whether it died.
func (j *journal) attempt(h *host, m map[string]any, random *rand.Rand) int {
	m["offset"] = len(j.out)
	h.send(m)
	life := random.Intn(25)
	if random.Intn(4) == 0 {
		life = 0
	}
	for n := 0; ; n++ {
		if n >= life && random.Intn(3) == 0 {
			h.restart()
			return 1
		}
		got := h.next()
		switch {
		case got.T == "out" && got.Key == m["key"]:
			if got.Off != int64(len(j.out)) {
				h.t.Fatalf("gap at %d, got %d", len(j.out), got.Off)
			}
			j.out += string(got.Data)
			if random.Intn(2) == 0 {
				h.send(map[string]any{"t": "ack", "key": m["key"], "off": len(j.out)})
			}
		case got.T == "exit" && got.Key == m["key"]:
			if random.Intn(4) == 0 {
				h.restart()
				return 1
			}
			j.exit = &got
			return 0
		case got.T == "error":
			h.t.Fatalf("%+v", got)
		}
	}
}

func check(t *testing.T, j *journal, key string, code int) {
	t.Helper()
	var want strings.Builder
	for i := 1; i <= 200; i++ {
		fmt.Fprintf(&want, "%s line %d\n", key, i)
	}
	if j.out != want.String() || j.exit.ExitCode != code || j.exit.Len != int64(len(j.out)) {
		t.Fatalf("%s: %d bytes of %d, %+v", key, len(j.out), want.Len(), j.exit)
	}
}
