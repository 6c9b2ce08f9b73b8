package browser

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long the page may take for anything before the test gives up.
const patience = time.Minute

// view is how a page is looked at.
type view struct {
	name          string
	width, height int64
	phone, dark   bool
	language      string
}

// tab is an open page, with what went wrong in it.
type tab struct {
	t      *testing.T
	ctx    context.Context
	origin string

	mu    sync.Mutex
	wrong []string
}

// startBrowser returns a context that new tabs are made from.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	if chromium == "" {
		t.Skip("no Chromium in the path")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", chromium, err)
	}
	return ctx
}

// open opens an address in a new tab and waits until curves are drawn. At the end of the
// test nothing may have gone wrong in it.
func open(t *testing.T, browser context.Context, address string, v view) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, ctx: ctx, origin: u.Scheme + "://" + u.Host}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	must(t, call(ctx, emulation.SetEmulatedMedia.Method, func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
	agent := b.text(`navigator.userAgent`)
	must(t, call(ctx, "language", func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: v.language})
		return err
	}))
	viewport := []chromedp.EmulateViewportOption{}
	if v.phone {
		viewport = append(viewport, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	must(t, chromedp.Do(ctx, chromedp.EmulateViewport(v.width, v.height, viewport...), chromedp.Navigate(address)))
	b.until(`document.querySelector('#link.on') && Number(document.querySelector('#chart-loss').dataset.points) > 0`)
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, w := range b.wrong {
			t.Error(w)
		}
	})
	return b
}

func call(ctx context.Context, what string, do func(context.Context) error) error {
	if err := do(ctx); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// listen collects errors of the page and requests to other servers.
func (b *tab) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.bad("the script failed: " + e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			b.bad("the console says: " + string(e.Type))
		}
	case *log.EventEntryAdded:
		if own := strings.Contains(e.Entry.Text, "getImageData"); (e.Entry.Level == "error" || e.Entry.Level == "warning") && !own {
			b.bad("the browser says: " + e.Entry.Text + " " + e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, b.origin+"/") && !strings.HasPrefix(u, "data:") {
			b.bad("a request to another server: " + u)
		}
	}
}

func (b *tab) bad(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, what)
}

// until waits for an expression to hold.
func (b *tab) until(expression string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[chromedp.Void]("!!("+expression+")", chromedp.WithPollingTimeout(patience))); err != nil {
		b.t.Fatalf("wait for %s: %v\n%s\n%s", expression, err, b.text(`document.querySelector('main').innerText`), strings.Join(b.wrong, "\n"))
	}
}

func value[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return v
}

func (b *tab) text(expression string) string { b.t.Helper(); return value[string](b, expression) }

// do runs a statement in the page.
func (b *tab) do(statement string) {
	b.t.Helper()
	value[bool](b, "(() => {"+statement+"; return true })()")
}

// settle waits for the next two pictures of the screen, in which all that was asked for
// is drawn.
func (b *tab) settle() {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](
		`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`, chromedp.EvalAwaitPromise))
	must(b.t, err)
}

// picture keeps what the page looks like, whole.
func (b *tab) picture(name string) {
	b.t.Helper()
	b.settle()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	must(b.t, err)
	dir := os.Getenv("HUIHAI_SCREENSHOTS")
	if dir == "" {
		dir = b.t.TempDir()
	}
	if len(png) < 20000 {
		b.t.Errorf("the picture %s has %d bytes: nothing is on it", name, len(png))
	}
	must(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}
