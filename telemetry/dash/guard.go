package dash

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// guard lets requests through, or answers them itself.
type guard struct {
	token  string // "": the server listens on a loopback address and needs none
	cookie string // its name: browsers do not keep cookies of ports apart
}

// newToken returns 128 random bits in hexadecimal.
func newToken() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// wrap puts the guard, and the headers of every answer, before a handler.
func (g guard) wrap(policy string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "only GET is understood here", http.StatusMethodNotAllowed)
		case foreign(r):
			http.Error(w, "another site may not read this", http.StatusForbidden)
		case g.token == "" && !loopbackName(r.Host):
			http.Error(w, "this server answers to localhost, 127.0.0.1 and [::1] only; open it under one of these names", http.StatusForbidden)
		case g.token != "" && !g.allowed(r):
			g.refuse(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// foreign reports whether a page of another origin asks for more than to be followed to
// this one. Browsers say so themselves.
func foreign(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// loopbackName reports whether a Host header names this machine in a way that nobody
// else's name service can. The port is not compared: a tunnel, such as that of ssh -L,
// often has another one here, and a name that somebody else controls is refused anyway.
func loopbackName(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback()
}

// allowed reports whether a request carries the token, as a cookie or a bearer token.
func (g guard) allowed(r *http.Request) bool {
	if kind, value, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(kind, "Bearer") {
		return g.matches(strings.TrimSpace(value))
	}
	c, err := r.Cookie(g.cookie)
	return err == nil && g.matches(c.Value)
}

// matches compares in a time that tells nothing of the token, its length included.
func (g guard) matches(given string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(g.token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// refuse answers a request without a valid cookie or bearer token. The page's address
// with the token in it gets the cookie and is sent on to the address without.
func (g guard) refuse(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" && g.matches(r.URL.Query().Get("token")) {
		http.SetCookie(w, &http.Cookie{
			Name: g.cookie, Value: g.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
		g.sendOn(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="huihai"`)
	http.Error(w, "This page needs its token: open the address that the program printed, with ?token=... at its end\n"+
		"(paste it into the address line; a link from another site does not carry the cookie).\n"+
		"Programs send it as a header: Authorization: Bearer TOKEN\n", http.StatusUnauthorized)
}

// sendOn redirects to the same page without the token.
func (g guard) sendOn(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	q.Del("token")
	to := url.URL{Path: "/", RawQuery: q.Encode()}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}
