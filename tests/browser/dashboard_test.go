package browser

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var views = []view{
	{name: "desk", width: 1280, height: 900, language: "en-US"},
	{name: "phone", width: 390, height: 844, phone: true, language: "en-US"},
	{name: "desk-zh-dark", width: 1280, height: 900, dark: true, language: "zh-CN"},
	{name: "phone-zh-dark", width: 390, height: 844, phone: true, dark: true, language: "zh-CN"},
	{name: "narrow", width: 320, height: 640, phone: true, language: "en-US"},
}

// fits asks that nothing is wider than the screen.
const fits = `document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth`

// drawn counts the pixels of a chart that are not blank.
const drawn = `(id) => { const c = document.querySelector(id + ' > canvas'), p = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
	let n = 0; for (let i = 3; i < p.length; i += 4) n += p[i] > 60; return n }`

var chartIDs = []string{"loss", "source", "bits", "norm", "share", "rate", "speed"}

func checkCharts(t *testing.T, b *tab) {
	t.Helper()
	for _, id := range chartIDs {
		if n := value[int](b, `Number(document.querySelector('#chart-`+id+`').dataset.points)`); n < 8 {
			t.Errorf("chart %s has %d points", id, n)
		}
		if n := value[int](b, `(`+drawn+`)('#chart-`+id+`')`); n < 1000 {
			t.Errorf("chart %s: %d pixels are drawn", id, n)
		}
		if s := b.text(`document.querySelector('#chart-` + id + ` > canvas').getAttribute('aria-label')`); len(s) < 30 {
			t.Errorf("chart %s is summed up as %q", id, s)
		}
	}
	if n := value[int](b, `Math.max(...[...document.querySelectorAll('.swatch')].map((e) => e.clientHeight))`); n > 16 {
		t.Errorf("a sample of a line is %d pixels high", n)
	}
	if !value[bool](b, fits) {
		t.Errorf("the page is %d pixels wide, the screen %d", value[int](b, `document.documentElement.scrollWidth`), value[int](b, `innerWidth`))
	}
}

func TestOneRun(t *testing.T) {
	browser := startBrowser(t)
	dir := filepath.Join(t.TempDir(), "first")
	makeRun(t, dir, 300, 600, 1, "running")
	address := dashboard(t, dir, "--listen", "0")
	if u, err := url.Parse(address); err != nil || u.Hostname() != "127.0.0.1" || u.RawQuery != "" {
		t.Errorf("address %q", address)
	}
	for _, v := range views {
		t.Run(v.name, func(t *testing.T) {
			b := open(t, browser, address, v)
			checkCharts(t, b)
			b.picture("one-" + v.name)
			badge := map[bool]string{true: "训练中", false: "running"}[v.language == "zh-CN"]
			if got := b.text(`document.querySelector('.badge').textContent`); got != badge {
				t.Errorf("the badge says %q, want %q", got, badge)
			}
			if got := b.text(`document.querySelector('#details').innerText`); !strings.Contains(got, "<b>not markup</b>") {
				t.Errorf("text of a run became markup: %s", got)
			}
		})
	}
}

func TestCompare(t *testing.T) {
	browser := startBrowser(t)
	root := t.TempDir()
	makeRun(t, filepath.Join(root, "base"), 300, 600, 1, "stopped")
	makeRun(t, filepath.Join(root, "other"), 400, 600, 2, "finished")
	address := dashboard(t, filepath.Join(root, "base"), filepath.Join(root, "other"), "--listen", "0")
	for _, v := range views[:4] {
		t.Run(v.name, func(t *testing.T) {
			b := open(t, browser, address, v)
			b.until(`document.querySelectorAll('#chart-loss .legend button').length === 4`)
			checkCharts(t, b)
			if got := value[int](b, `document.querySelectorAll('tr.differs').length`); got != 1 {
				t.Errorf("%d rows are marked as different, want 1: the weights", got)
			}
			b.picture("compare-" + v.name)
			b.do(`document.querySelector('[data-run=other] input').click()`)
			b.until(`document.querySelectorAll('#chart-loss .legend button').length === 2`)
		})
	}
}

// Lines that a run writes appear; a log that is cut back and written again is read again;
// a run that ends is shown as ended.
func TestLive(t *testing.T) {
	browser := startBrowser(t)
	r := makeRun(t, filepath.Join(t.TempDir(), "live"), 100, 600, 1, "running")
	b := open(t, browser, dashboard(t, r.dir, "--listen", "0"), views[0])
	const at = `document.querySelector('.progress').textContent.includes(`
	b.until(at + `'step 100 of 600')`)
	r.log(t, os.O_APPEND, 101, 150)
	b.until(at + `'step 150 of 600')`)
	b.until(`document.querySelector('#chart-loss > canvas').ariaLabel.length > 0 && Number(document.querySelector('#chart-rate').dataset.points) === 150`)

	r.log(t, os.O_TRUNC, 1, 120) // as a run does that goes on from step 100
	b.until(at + `'step 120 of 600')`)
	b.until(`Number(document.querySelector('#chart-rate').dataset.points) === 120`)

	r.describe(t, "finished", 1)
	b.until(`document.querySelector('.badge').textContent === 'finished'`)
}

// What the page offers can be used with the keyboard and stands in its address.
func TestControls(t *testing.T) {
	browser := startBrowser(t)
	r := makeRun(t, filepath.Join(t.TempDir(), "run"), 300, 600, 1, "finished")
	b := open(t, browser, dashboard(t, r.dir, "--listen", "0"), views[0])

	b.do(`document.querySelector('#chart-loss > canvas').focus()`)
	must(t, chromedp.Do(b.ctx, chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowLeft)))
	b.settle()
	if got := b.text(`document.querySelector('#spoken').textContent`); !strings.HasPrefix(got, "step 299, training ") {
		t.Errorf("two arrows to the left say %q", got)
	}
	if got := b.text(`document.querySelector('#chart-norm .at').textContent`); got != "step 299" {
		t.Errorf("the cursor of another chart is at %q", got)
	}

	b.do(`document.querySelector('#chart-loss .scale').click()`)
	b.until(`document.querySelector('#chart-loss .scale').getAttribute('aria-pressed') === 'true'`)
	b.do(`const z = document.querySelector('#zoom'); z.value = 10; z.dispatchEvent(new Event('input'))`)
	b.until(`Number(document.querySelector('#chart-rate').dataset.points) === 30`)
	for _, axis := range []string{"tokens", "time", "step"} {
		b.do(`const x = document.querySelector('#axis'); x.value = '` + axis + `'; x.dispatchEvent(new Event('change'))`)
		b.settle()
		if n := value[int](b, `(`+drawn+`)('#chart-loss')`); n < 1000 {
			t.Errorf("along %s nothing is drawn", axis)
		}
	}
	b.do(`document.querySelector('#language').click()`)
	b.until(`document.documentElement.lang === 'zh-Hans' && document.querySelector('#chart-loss h2').textContent === '损失'`)
	for _, part := range []string{"lang=zh", "last=10", "log=loss"} {
		if hash := b.text(`location.hash`); !strings.Contains(hash, part) {
			t.Errorf("the address %q lacks %s", hash, part)
		}
	}
	must(t, chromedp.Do(b.ctx, chromedp.Reload()))
	b.until(`Number(document.querySelector('#chart-rate').dataset.points) === 30 && document.documentElement.lang === 'zh-Hans'`)

	nameless := value[int](b, `[...document.querySelectorAll('button, input, select, canvas[role=img]')].filter((e) =>
		!e.closest('[hidden]') && !(e.ariaLabel || e.textContent.trim() || (e.labels && e.labels.length && e.labels[0].textContent.trim()))).length`)
	if nameless > 0 {
		t.Errorf("%d things to use have no name", nameless)
	}
}

// An address that others can reach gives nothing without its token.
func TestToken(t *testing.T) {
	browser := startBrowser(t)
	r := makeRun(t, filepath.Join(t.TempDir(), "run"), 300, 600, 1, "finished")
	address := dashboard(t, r.dir, "--listen", "0.0.0.0:0")
	u, err := url.Parse(address)
	must(t, err)
	token := u.Query().Get("token")
	if len(token) != 32 {
		t.Fatalf("the address %q holds no token of 128 bits", address)
	}
	bare := "http://127.0.0.1:" + u.Port()
	for _, path := range []string{"/", "/api/runs", "/api/series?run=run", "/api/events", "/metrics", "/healthz", "/?token=0" + token[1:] + "0"} {
		if code, _ := get(t, bare+path, ""); code != http.StatusUnauthorized {
			t.Errorf("%s without the token gives %d", path, code)
		}
	}
	if code, body := get(t, bare+"/metrics", token); code != http.StatusOK || !strings.Contains(body, `huihai_train_step{run="run"} 300`) {
		t.Errorf("/metrics with the token gives %d\n%s", code, body)
	}
	b := open(t, browser, bare+"/?token="+token, views[0])
	if got := b.text(`location.href`); strings.Contains(got, token) {
		t.Errorf("the token stays in the address: %s", got)
	}
	if got := b.text(`document.cookie`); got != "" {
		t.Errorf("scripts can read the cookie: %s", got)
	}
	checkCharts(t, b)
}

func get(t *testing.T, address, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	must(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(req)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, string(body)
}
