package dash

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// made returns the handler over one run of three steps, read once.
func made(t *testing.T, g guard) (*api, http.Handler, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	mkdir(t, dir)
	write(t, filepath.Join(dir, logName), line(1, 1)+line(2, 2)+line(3, 3), false)
	write(t, filepath.Join(dir, runName), `{"format":"huihai-run-1","run_id":"abc","status":"finished","steps":3,"panel":[{"key":"model","value":"tiny"}],"later":1}`, false)
	runs, err := nameRuns([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	a := &api{hub: newHub(runs), page: assemble(), guard: g}
	a.hub.poll(t.Context())
	close(a.hub.ready)
	return a, a.handler(), dir
}

func request(t *testing.T, h http.Handler, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	r.Host = "localhost:8080"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestAnswers(t *testing.T) {
	_, h, _ := made(t, guard{})
	for _, c := range []struct {
		target string
		code   int
		kind   string
	}{
		{"/", 200, "text/html; charset=utf-8"},
		{"/api/runs", 200, "application/json"},
		{"/api/series?run=run", 200, "application/json"},
		{"/api/series?run=run&after=2&points=5&smooth=0.5&tag=train/loss", 200, "application/json"},
		{"/api/series?run=other", 404, ""},
		{"/api/series", 404, ""},
		{"/api/series?run=run&tag=none", 404, ""},
		{"/api/series?run=run&points=4", 400, ""},
		{"/api/series?run=run&points=1000000000", 400, ""},
		{"/api/series?run=run&after=x", 400, ""},
		{"/api/series?run=run&smooth=1", 400, ""},
		{"/api/series?run=run&smooth=NaN", 400, ""},
		{"/metrics", 200, "text/plain; version=0.0.4; charset=utf-8"},
		{"/healthz", 200, "text/plain; charset=utf-8"},
		{"/nothing", 404, ""},
		{"/run.json", 404, ""},
	} {
		r := request(t, h, "GET", c.target)
		if r.StatusCode != c.code || c.kind != "" && r.Header.Get("Content-Type") != c.kind {
			t.Errorf("%s: %d, %s", c.target, r.StatusCode, r.Header.Get("Content-Type"))
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'") ||
			r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: headers %v", c.target, r.Header)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if r := request(t, h, method, "/api/runs"); r.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s gives %d", method, r.StatusCode)
		}
	}
}

func TestRunsAndSeries(t *testing.T) {
	_, h, _ := made(t, guard{})
	var runs struct{ Runs []summary }
	if err := json.NewDecoder(request(t, h, "GET", "/api/runs").Body).Decode(&runs); err != nil {
		t.Fatal(err)
	}
	s := runs.Runs[0]
	if s.Run != "run" || s.RunID != "abc" || s.Status != Finished || s.Step != 3 || s.Rows != 3 || s.Model != "tiny" || s.Last["train/loss"] != 3.5 {
		t.Errorf("%+v", s)
	}
	var got struct {
		Rows   int
		Series map[string]struct {
			Steps   []int64
			Values  []float64
			Smooth  []float64
			Average struct{ Sum, Weight float64 }
			Points  int
		}
	}
	if err := json.NewDecoder(request(t, h, "GET", "/api/series?run=run&after=1&smooth=0.5").Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	c := got.Series["train/loss"]
	// 1.5, 2.5, 3.5 smoothed from the first on, though it is not shown.
	third := (0.25*1.5 + 0.5*2.5 + 3.5) / 1.75
	if got.Rows != 3 || !slices.Equal(c.Steps, []int64{2, 3}) || !slices.Equal(c.Values, []float64{2.5, 3.5}) || c.Points != 3 ||
		len(c.Smooth) != 2 || abs(c.Smooth[1]-third) > 1e-6 || abs(c.Average.Sum/c.Average.Weight-third) > 1e-6 {
		t.Errorf("%+v", got)
	}
}

func abs(v float64) float64 { return max(v, -v) }

// The page asks for nothing that is not in it, and its policy names exactly its style
// and script.
func TestPageIsWhole(t *testing.T) {
	p := assemble()
	html := string(p.html)
	for _, part := range []string{"src=", "@import", "url(", "https://", "/*style.css*/", "/*script*/", "innerHTML", "eval("} {
		if strings.Contains(strings.ReplaceAll(html, "http://www.w3.org/2000/svg", ""), part) {
			t.Errorf("the page holds %q", part)
		}
	}
	for _, tag := range []string{"style", "script"} {
		_, rest, _ := strings.Cut(html, "<"+tag+">")
		text, _, ok := strings.Cut(rest, "</"+tag+">")
		if !ok || !strings.Contains(p.policy, tag+"-src "+source(text)) {
			t.Errorf("the policy does not name the %s of the page", tag)
		}
		if strings.Count(html, "<"+tag) != 1 {
			t.Errorf("the page has not one %s", tag)
		}
	}
	if strings.Contains(p.policy, "unsafe") {
		t.Errorf("policy %s", p.policy)
	}
	if len(p.zipped) > 90<<10 || len(p.html) > 300<<10 {
		t.Errorf("the page has %d bytes, %d zipped", len(p.html), len(p.zipped))
	}
}

func TestLoopbackNames(t *testing.T) {
	_, h, _ := made(t, guard{})
	for host, code := range map[string]int{
		"localhost:8080": 200, "LOCALHOST": 200, "127.0.0.1:8080": 200, "127.0.0.2:1": 200, "[::1]:8080": 200, "[::1]": 200,
		"localhost:9000":   200, // a tunnel
		"evil.example":     403,
		"evil.example:80":  403,
		"localhost.evil":   403,
		"127.0.0.1.evil":   403,
		"192.168.0.1:8080": 403,
		"":                 403,
	} {
		for _, path := range []string{"/", "/api/runs", "/metrics"} {
			if r := request(t, h, "GET", path, "Host", host); r.StatusCode != code {
				t.Errorf("%s under %q gives %d, want %d", path, host, r.StatusCode, code)
			}
		}
	}
	for mode, code := range map[string]int{"navigate": 200, "no-cors": 403, "cors": 403, "": 403} {
		if r := request(t, h, "GET", "/api/runs", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", mode); r.StatusCode != code {
			t.Errorf("another site, mode %q: %d, want %d", mode, r.StatusCode, code)
		}
	}
}

func TestToken(t *testing.T) {
	token := newToken()
	if len(token) != 32 || token == newToken() {
		t.Fatalf("token %q", token)
	}
	_, h, _ := made(t, guard{token: token, cookie: "c"})
	for name, c := range map[string]struct {
		target string
		header []string
		code   int
	}{
		"nothing":                  {"/", nil, 401},
		"nothing, loopback":        {"/metrics", []string{"Host", "127.0.0.1"}, 401},
		"health":                   {"/healthz", nil, 401},
		"wrong token":              {"/?token=" + newToken(), nil, 401},
		"empty token":              {"/?token=", nil, 401},
		"token for a wrong path":   {"/api/runs?token=" + token, nil, 401},
		"wrong cookie":             {"/", []string{"Cookie", "c=x"}, 401},
		"cookie of another server": {"/", []string{"Cookie", "d=" + token}, 401},
		"cookie":                   {"/", []string{"Cookie", "c=" + token}, 200},
		"bearer":                   {"/metrics", []string{"Authorization", "Bearer " + token}, 200},
		"bearer, other case":       {"/metrics", []string{"Authorization", "bearer " + token}, 200},
		"wrong bearer":             {"/metrics", []string{"Authorization", "Bearer " + token + "0"}, 401},
		"basic":                    {"/metrics", []string{"Authorization", "Basic " + token}, 401},
	} {
		if r := request(t, h, "GET", c.target, c.header...); r.StatusCode != c.code {
			t.Errorf("%s: %d, want %d", name, r.StatusCode, c.code)
		}
	}
	r := request(t, h, "GET", "/?lang=zh&token="+token)
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/?lang=zh" || len(r.Cookies()) != 1 {
		t.Fatalf("%d to %q, cookies %v", r.StatusCode, r.Header.Get("Location"), r.Cookies())
	}
	if c := r.Cookies()[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Value != token || c.Path != "/" {
		t.Errorf("cookie %+v", c)
	}
	if r := request(t, h, "GET", "/?token="+token, "Cookie", "c="+token); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the token stays in the address of one who has the cookie: %d", r.StatusCode)
	}
}
