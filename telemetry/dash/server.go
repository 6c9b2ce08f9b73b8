package dash

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
)

// maxConnections bounds the connections that are open at a time.
const maxConnections = 256

// Options are what a caller of Listen may choose. The zero value is good.
type Options struct {
	// Token is asked for on addresses that are not loopback, at least 16 characters.
	// When it is empty, each server makes one of 128 random bits.
	Token string
	// Flag is the name of the caller's flag for the address, for messages. When it is
	// empty, it is "--dashboard".
	Flag string
	// Every is the time between two looks at the files. When it is 0, a second.
	Every time.Duration
}

// Server shows runs until it is closed.
type Server struct {
	url    string
	http   *http.Server
	hub    *hub
	cancel context.CancelFunc
	work   sync.WaitGroup
	done   chan struct{}
	err    error // valid after done
}

// Listen starts a server for run folders. addr is a port, for this machine alone, or
// HOST:PORT; port 0 takes a free one. The folders need not hold anything yet. The server
// ends with ctx, or by Close. No error of it reaches the runs.
func Listen(ctx context.Context, addr string, runs []string, opts Options) (*Server, error) {
	if opts.Flag == "" {
		opts.Flag = "--dashboard"
	}
	if opts.Token != "" && len(opts.Token) < 16 {
		return nil, fmt.Errorf("dashboard: the token has %d characters; at least 16 are needed", len(opts.Token))
	}
	named, err := nameRuns(runs)
	if err != nil {
		return nil, err
	}
	host, port, err := parseAddress(addr, opts.Flag)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, listenError(host, port, opts.Flag, err)
	}
	return serve(ctx, listener, host, named, opts), nil
}

func serve(ctx context.Context, listener net.Listener, host string, runs []*run, opts Options) *Server {
	at := listener.Addr().(*net.TCPAddr)
	g := guard{cookie: "huihai_dashboard_" + strconv.Itoa(at.Port)}
	if !at.IP.IsLoopback() {
		if g.token = opts.Token; g.token == "" {
			g.token = newToken()
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Server{hub: newHub(runs), cancel: cancel, done: make(chan struct{}), url: address(at, host, g.token)}
	a := &api{hub: s.hub, page: assemble(), guard: g}
	s.http = &http.Server{
		Handler:           a.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		// What a client does wrong must not get into the lines of a run.
		ErrorLog: log.New(discard{}, "", 0),
	}
	every := opts.Every
	if every <= 0 {
		every = time.Second
	}
	var served error
	s.work.Go(func() {
		if err := s.http.Serve(netutil.LimitListener(listener, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
			served = fmt.Errorf("dashboard: %w", err)
			cancel()
		}
	})
	s.work.Go(func() { s.hub.watch(ctx, every) })
	go func() {
		<-ctx.Done()
		s.shutdown()
		s.work.Wait()
		s.err = errors.Join(served, s.err)
		close(s.done)
	}()
	return s
}

// shutdown lets answers under way finish, for a moment.
func (s *Server) shutdown() {
	s.hub.close()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.err = s.http.Close()
	}
}

// discard is a writer for messages at the level of debugging.
type discard struct{}

// Write implements io.Writer.
func (discard) Write(b []byte) (int, error) {
	slog.Debug("dashboard", "message", strings.TrimSpace(string(b)))
	return len(b), nil
}

// URL is the address of the page, with the token where one is needed.
func (s *Server) URL() string { return s.url }

// Wait returns when the server has ended, with the reason if it did not end by ctx or
// Close.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}

// Close ends the server and waits until nothing of it runs any more.
func (s *Server) Close() error {
	s.cancel()
	return s.Wait()
}

// CheckAddress returns an error when addr is neither a port nor HOST:PORT. flag names
// the caller's flag, for the message.
func CheckAddress(addr, flag string) error {
	_, _, err := parseAddress(addr, flag)
	return err
}

// parseAddress reads PORT or HOST:PORT.
func parseAddress(addr, flag string) (host, port string, err error) {
	wrong := func(why string) error {
		return fmt.Errorf("dashboard: %s %q: %s; give a port (%s 8080: for this machine alone) or HOST:PORT (%s 0.0.0.0:8080: for every network, with a token)",
			flag, addr, why, flag, flag)
	}
	host, port = "127.0.0.1", addr
	if strings.Contains(addr, ":") {
		if host, port, err = net.SplitHostPort(addr); err != nil {
			return "", "", wrong("this is not HOST:PORT (an IPv6 address stands in brackets)")
		}
		if host == "" {
			return "", "", wrong("it names no host")
		}
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", "", wrong("the port is no number from 0 to 65535")
	}
	return host, port, nil
}

// listenError says what to do when an address cannot be had.
func listenError(host, port, flag string, err error) error {
	at := net.JoinHostPort(host, port)
	free := "0"
	if host != "127.0.0.1" {
		free = net.JoinHostPort(host, "0")
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("dashboard: port %s of %s is taken by another program; %s %s picks a free one", port, host, flag, free)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("dashboard: this user may not listen on %s; take a port above 1023, or %s %s for a free one", at, flag, free)
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &dns):
		return fmt.Errorf("dashboard: this machine has no address %s; %s 0.0.0.0:%s listens on all that it has", host, flag, port)
	}
	return fmt.Errorf("dashboard: listen on %s: %w", at, err)
}

// address is what to open in a browser. Where the server listens on every address, it
// is one that other machines are likely to reach.
func address(at *net.TCPAddr, host, token string) string {
	if at.IP.IsUnspecified() {
		host = outside()
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(at.Port)), Path: "/"}
	if token != "" {
		u.RawQuery = url.Values{"token": {token}}.Encode()
	}
	return u.String()
}

// outside returns an address of this machine that is not loopback, or its name.
func outside() string {
	list, _ := net.InterfaceAddrs()
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && p.Addr().IsGlobalUnicast() {
			return p.Addr().String()
		}
	}
	if name, err := os.Hostname(); err == nil {
		return name
	}
	return "localhost"
}
