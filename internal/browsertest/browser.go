// Package browsertest lets tests ask a real browser: which cookies it takes,
// keeps and sends is its own decision.
//
// [Start] starts headless Chromium, and one serves for all tests of a package. A
// [Visitor] is somebody at it, with cookies of their own.
//
// Chromium is found, never installed. A machine without it skips the test, or
// fails it where CI=true.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Timeout bounds everything that a visitor does.
const Timeout = 30 * time.Second

// Browser is a running Chromium.
type Browser struct {
	ctx context.Context
}

// Start starts a browser that lives until the test ends.
func Start(t testing.TB) *Browser {
	t.Helper()
	path, err := find()
	if err != nil {
		if os.Getenv("CI") != "true" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, // which root cannot have
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(Timeout),
	)
	// The context of the test ends before its cleanups, and would tear the
	// browser away from them.
	allocator, release := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		cancel()
		release()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("browsertest: %s: %v", path, err)
	}
	return &Browser{ctx}
}

func find() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("browsertest: no Chromium here: install Debian's package chromium, or put Google Chrome on the PATH")
}

// Visitor is somebody at a browser, with a window and cookies of their own.
// Everything that fails ends the test.
type Visitor struct {
	t   testing.TB
	ctx context.Context
}

// Visitor returns a new one, who leaves when the test ends.
func (b *Browser) Visitor(t testing.TB) *Visitor {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("browsertest: %v", err)
	}
	return &Visitor{t, ctx}
}

func do[T any](v *Visitor, what string, action chromedp.Action[T]) T {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, Timeout)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		v.t.Fatalf("browsertest: %s: %v", what, err)
	}
	return result
}

// Go goes to an address and waits for the page.
func (v *Visitor) Go(address string) {
	v.t.Helper()
	do(v, address, chromedp.Navigate(address))
}

// Text returns the text of the first element that a CSS selector finds, or "".
func (v *Visitor) Text(selector string) string {
	v.t.Helper()
	return v.Eval(fmt.Sprintf(`(document.querySelector(%q)?.textContent ?? "").trim()`, selector))
}

// Attribute returns an attribute of an element, or "".
func (v *Visitor) Attribute(selector, name string) string {
	v.t.Helper()
	return v.Eval(fmt.Sprintf(`document.querySelector(%q)?.getAttribute(%q) ?? ""`, selector, name))
}

// Eval returns the text that an expression of JavaScript has, or promises.
func (v *Visitor) Eval(expression string) string {
	v.t.Helper()
	return do(v, expression, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
}

// Fill gives an input a value.
func (v *Visitor) Fill(selector, value string) {
	v.t.Helper()
	v.Eval(fmt.Sprintf(`document.querySelector(%q).value = %q`, selector, value))
}

// Press clicks a button and waits for the page that follows.
func (v *Visitor) Press(selector string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, Timeout)
	defer cancel()
	click := chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.querySelector(%q).click()`, selector))
	if _, err := chromedp.RunResponse(ctx, click); err != nil {
		v.t.Fatalf("browsertest: pressing %s: %v", selector, err)
	}
}

// Await waits until the page says so, as an expression of JavaScript.
func (v *Visitor) Await(condition string) {
	v.t.Helper()
	do(v, condition, chromedp.Poll[chromedp.Void](condition, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(Timeout)))
}

// Cookies returns what the browser would send to an address, by name.
func (v *Visitor) Cookies(address string) map[string]network.Cookie {
	v.t.Helper()
	all := map[string]network.Cookie{}
	for _, c := range do(v, "cookies", func(ctx context.Context, t *chromedp.Target) ([]*network.Cookie, error) {
		r, err := cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{URLs: []string{address}})
		if err != nil {
			return nil, err
		}
		return r.Cookies, nil
	}) {
		all[c.Name] = *c
	}
	return all
}

// Screenshot returns the whole page as a PNG, in a window of so many pixels,
// with the colours of the day or of the night.
func (v *Visitor) Screenshot(width, height int64, dark bool) []byte {
	v.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	do(v, "window", chromedp.EmulateViewport(width, height))
	do(v, "colours", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return chromedp.Void{}, err
	})
	return do(v, "screenshot", chromedp.FullScreenshot(100))
}
