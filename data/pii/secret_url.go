package pii

import "strings"

// webhooks are addresses that let whoever knows them write into a chat: what
// follows "://", and the least length of what is secret behind it.
var webhooks = []struct {
	address string
	least   int
}{
	{"hooks.slack.com/services/", 30}, {"hooks.slack.com/workflows/", 30}, {"hooks.slack.com/triggers/", 30},
	{"discord.com/api/webhooks/", 60}, {"discordapp.com/api/webhooks/", 60}, {"ptb.discord.com/api/webhooks/", 60}, {"canary.discord.com/api/webhooks/", 60},
	{"oapi.dingtalk.com/robot/send?access_token=", 40},
	{"open.feishu.cn/open-apis/bot/v2/hook/", 20}, {"open.feishu.cn/open-apis/bot/hook/", 20},
	{"open.larksuite.com/open-apis/bot/v2/hook/", 20}, {"open.larksuite.com/open-apis/bot/hook/", 20},
	{"qyapi.weixin.qq.com/cgi-bin/webhook/send?key=", 30},
}

// url looks for secrets in the address whose "://" begins at byte i: a webhook,
// which is masked whole, or a password before the host. It returns where to go on.
func (s *scan) url(i int) int {
	rest := s.text[i+3:]
	for _, w := range webhooks {
		if !strings.HasPrefix(rest, w.address) {
			continue
		}
		at := i + 3 + len(w.address)
		end := s.run(at, clKey)
		for s.byteAt(end) == '/' {
			end = s.run(end+1, clKey)
		}
		if end-at < w.least || !drawn(s.text[at:end], 3.0, false) || published(s.text[at:end]) {
			return i + 3
		}
		start := i
		for start > 0 && is(s.text[start-1], clLetter) {
			start--
		}
		s.add(Secret, start, end)
		return end
	}
	if start, end := s.password(i + 3); end > 0 {
		s.add(Secret, start, end)
		return end
	}
	return i + 3
}

// maxAuthority bounds how far a password is looked for, in bytes.
const maxAuthority = 256

// password returns the range of the password in the user:password@host at byte i,
// or 0, -1.
func (s *scan) password(i int) (start, end int) {
	colon, at, stop := -1, -1, i
	for ; stop < len(s.text) && stop-i < maxAuthority; stop++ {
		c := s.text[stop]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("/?#\"'<>`|\\", c) >= 0 {
			break
		}
		switch {
		case c == ':' && colon < 0 && at < 0:
			colon = stop
		case c == '@':
			at = stop
		}
	}
	if colon < 0 || at <= colon+1 || at == stop-1 && stop == len(s.text) || s.placeholderHost(at+1, stop) {
		return 0, -1
	}
	if user, pass := s.text[i:colon], s.text[colon+1:at]; user == pass || placeholderPassword(pass) {
		return 0, -1
	}
	return colon + 1, at
}

// placeholderHost tells whether the host text[i:end] is nobody's.
func (s *scan) placeholderHost(i, end int) bool {
	host := s.text[i:end]
	if strings.HasPrefix(host, "[::1]") {
		return true
	}
	if k := strings.IndexByte(host, ':'); k >= 0 {
		host = host[:k]
	}
	switch host = strings.ToLower(host); host {
	case "", "localhost", "127.0.0.1", "0.0.0.0", "host", "hostname", "server", "domain", "site.com", "host.com", "domain.com":
		return true
	}
	return reservedDomain(host)
}

// placeholders are what texts write where a password would stand.
var placeholders = []string{
	"password", "passwd", "passw0rd", "pass", "pwd", "pw", "secret", "user", "username", "token", "key", "apikey", "api_key", "changeme", "change_me",
	"test", "guest", "admin", "root", "postgres", "mysql", "rabbitmq", "redis", "mongo", "oauth2", "x-oauth-basic", "%s", "xxx", "foo", "bar", "abc", "123", "1234",
}

// placeholderPassword tells whether a password stands for another: one of the
// usual words, a variable, a row of equal characters.
func placeholderPassword(p string) bool {
	low := strings.ToLower(p)
	for _, w := range placeholders {
		if low == w {
			return true
		}
	}
	if strings.ContainsAny(p, "${}[]*()") || strings.Contains(low, "your") || strings.Contains(low, "example") || strings.HasPrefix(low, "my") && strings.Contains(low, "pass") {
		return true
	}
	if strings.Trim(p, p[:1]) == "" {
		return true // xxxx, ....
	}
	return strings.Trim(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" // DB_PASSWORD
}
