package pii

import (
	"net/netip"
	"strings"
)

// special are the prefixes of the IANA special-purpose registries that are not
// globally reachable, and multicast. Of IPv6 all but 2000::/3 is special.
var special = func() (list []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "3fff::/20",
	} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}()

var globalUnicast6 = netip.MustParsePrefix("2000::/3")

// public tells whether an address may belong to a person's line.
func public(a netip.Addr) bool {
	if a.Is4In6() {
		a = a.Unmap()
	}
	if a.Is6() && !globalUnicast6.Contains(a) {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// ipv4 looks for a quad at i, where a run of digits begins, and returns its end
// or -1. A thing of four numbers that is no address is left to nobody else.
func (s *scan) ipv4(i int) int {
	end := i
	small := true
	for part := range 4 {
		if part > 0 {
			if s.byteAt(end) != '.' {
				return -1
			}
			end++
		}
		start, v := end, 0
		for s.digitAt(end) && end-start < 4 {
			v = v*10 + int(s.text[end]-'0')
			end++
		}
		if end == start || v > 255 || end-start > 1 && s.text[start] == '0' {
			return -1
		}
		small = small && v < 32
	}
	if !s.quadStandsAlone(i, end) {
		return -1
	}
	if small && !s.behindAny(i, addressWords) || s.behindAny(i, versionWords) {
		return -1
	}
	a, err := netip.ParseAddr(s.text[i:end])
	if err != nil || s.f.publicOnly && !public(a) {
		return -1
	}
	return end
}

// quadStandsAlone tells whether nothing touches the quad that would make it a part
// of a version, a file name, a longer list of numbers or a decimal.
func (s *scan) quadStandsAlone(start, end int) bool {
	if s.wordBefore(start) || s.wordAt(end) {
		return false
	}
	if s.byteAt(start-1) == '/' && s.wordBefore(start-1) {
		return false // Firefox/115.0.2.1
	}
	if b := s.byteAt(start - 1); b == '.' || b == '-' || b == '+' || b == '~' || b == '^' {
		return false
	}
	switch s.byteAt(end) {
	case '.', '-', '+':
		return !s.wordAt(end + 1)
	}
	return true
}

var (
	addressWords = []string{"ip", "ipv4", "ip地址", "地址", "address", "addr", "host", "server", "ping", "服务器", "主机", "://", "@"}
	versionWords = []string{"version", "ver", "ver.", "v.", "release", "build", "版本", "版", "版本号", "第", "section", "§"}
)

// ipv6 looks for an address around the colon at i and returns where to go on.
func (s *scan) ipv6(i int) int {
	start, end, colons := i, i, 0
	for start > 0 && hexOrColon(s.text[start-1]) && i-start < 40 {
		start--
	}
	for end < len(s.text) && (hexOrColon(s.text[end]) || s.text[end] == '.') && end-start < 46 {
		end++
	}
	for end > i && (s.text[end-1] == '.' || s.text[end-1] == ':' && s.text[end-2] != ':') {
		end--
	}
	next := max(end, i+1)
	text := s.text[start:end]
	for _, c := range []byte(text) {
		if c == ':' {
			colons++
		}
	}
	// Two colons alone are too common in program code: three numbers at least.
	groups := len(strings.FieldsFunc(text, func(r rune) bool { return r == ':' }))
	if colons < 2 || groups < 3 || s.wordBefore(start) || s.wordAt(end) {
		return next
	}
	a, err := netip.ParseAddr(text)
	if err != nil || s.f.publicOnly && !public(a) {
		return next
	}
	s.add(IP, start, end)
	return next
}
