package pii

import "strings"

// A vendor's keys begin with a prefix; the tail behind it has characters of one
// alphabet and a length between min and max. The formats are what the vendors'
// documentation and their public scanners say.
type keyFormat struct {
	prefix   string
	alphabet uint16  // class of the tail's characters
	min, max int     // characters of the tail
	bits     float64 // least entropy of the tail, per character
	letters  bool    // the tail may be of letters alone
}

// keyFormats are the formats whose prefix ends in a hyphen or an underscore.
var keyFormats = []keyFormat{
	// GitHub, GitLab, package registries, Docker Hub.
	{"ghp_", clKey, 36, 255, 3.5, false}, {"gho_", clKey, 36, 255, 3.5, false}, {"ghu_", clKey, 36, 255, 3.5, false},
	{"ghs_", clKey, 36, 255, 3.5, false}, {"ghr_", clKey, 36, 255, 3.5, false}, {"github_pat_", clKey, 22, 255, 3.5, false},
	{"glpat-", clKeyDot, 20, 300, 3.2, true}, {"glrt-", clKeyDot, 20, 300, 3.2, true}, {"gldt-", clKeyDot, 20, 300, 3.2, true},
	{"glptt-", clKeyDot, 20, 300, 3.2, true}, {"glcbt-", clKeyDot, 20, 300, 3.2, true}, {"glsoat-", clKeyDot, 20, 300, 3.2, true},
	{"glagent-", clKeyDot, 20, 300, 3.2, true}, {"gloas-", clKeyDot, 20, 300, 3.2, true},
	{"npm_", clAlnum, 36, 36, 3.5, false}, {"pypi-", clKey, 85, 1000, 3.5, false}, {"dckr_pat_", clKey, 27, 27, 3.2, true},
	// Models: OpenAI, Anthropic and those that follow them, Hugging Face, Groq, xAI, Replicate.
	{"sk-", clKey, 20, 300, 3.2, false}, {"hf_", clAlnum, 34, 40, 3.5, true}, {"api_org_", clAlnum, 34, 40, 3.5, true},
	{"gsk_", clAlnum, 52, 52, 3.5, false}, {"xai-", clAlnum, 80, 80, 3.5, false}, {"r8_", clAlnum, 37, 40, 3.5, false},
	// Google, Baidu, DigitalOcean, Shopify, Slack (see also xoxb-), Notion, Linear, Postman, New Relic.
	{"GOCSPX-", clKey, 28, 28, 3.2, true}, {"ALTAK-", clAlnum, 21, 21, 3.2, true}, {"dop_v1_", clHex, 64, 64, 3.2, false},
	{"doo_v1_", clHex, 64, 64, 3.2, false}, {"shpat_", clHex, 32, 32, 3.0, false}, {"shpss_", clHex, 32, 32, 3.0, false},
	{"xapp-", clKey, 40, 300, 3.2, false}, {"ntn_", clAlnum, 40, 60, 3.5, false}, {"lin_api_", clAlnum, 40, 40, 3.5, false},
	{"PMAK-", clKey, 59, 59, 3.2, false}, {"NRAK-", clAlnum, 27, 27, 3.2, true},
	{"xoxa-", clKey, 20, 300, 3.2, false}, {"xoxb-", clKey, 20, 300, 3.2, false}, {"xoxe-", clKey, 20, 300, 3.2, false},
	{"xoxp-", clKey, 20, 300, 3.2, false}, {"xoxr-", clKey, 20, 300, 3.2, false}, {"xoxs-", clKey, 20, 300, 3.2, false},
	{"AGE-SECRET-KEY-", clAlnum, 59, 59, 3.5, false},
	// Stripe: live keys alone, test keys open nothing.
	{"sk_live_", clAlnum, 16, 247, 3.2, false}, {"rk_live_", clAlnum, 16, 247, 3.2, false}, {"whsec_", clBase64, 32, 64, 3.5, false},
}

// capitalFormats begin with a capital and have no separator of their own.
var capitalFormats = []keyFormat{
	{"AIza", clKey, 35, 35, 3.5, true},                                           // Google
	{"LTAI", clAlnum, 12, 20, 2.5, true},                                         // Aliyun AccessKey ID
	{"AKID", clAlnum, 32, 32, 3.5, false},                                        // Tencent Cloud SecretId
	{"AKLT", clAlnum, 35, 60, 3.2, false}, {"AKTP", clAlnum, 35, 60, 3.2, false}, // Volcengine
	{"SK", clLowerHex, 32, 32, 3.0, false}, // Twilio API key
	{"SG.", clKeyDot, 66, 66, 3.5, false},  // SendGrid: 22 and 43 with a dot
}

// formatsBy are the formats by the character before the separator.
var formatsBy = func() (t [256][]keyFormat) {
	for _, f := range keyFormats {
		c := f.prefix[len(f.prefix)-2]
		t[c] = append(t[c], f)
	}
	return t
}()

// vendorKey looks for a key whose prefix ends with the separator at byte i and
// returns where to go on.
func (s *scan) vendorKey(i int) int {
	if i < 2 {
		return i + 1
	}
	for _, f := range formatsBy[s.text[i-1]] {
		if !strings.HasSuffix(s.text[:i+1], f.prefix) {
			continue
		}
		if end := s.key(i+1-len(f.prefix), f); end > 0 {
			return end
		}
	}
	return i + 1
}

// key returns the end of the key of a format at byte i, where its prefix stands,
// and adds it; or -1.
func (s *scan) key(i int, f keyFormat) int {
	if s.wordBefore(i) || s.byteAt(i-1) == '-' {
		return -1
	}
	start := i + len(f.prefix)
	end := s.run(start, f.alphabet)
	for f.alphabet == clKeyDot && end > start && s.text[end-1] == '.' {
		end-- // the end of a sentence
	}
	if n := end - start; n < f.min || n > f.max || s.wordAt(end) || !drawn(s.text[start:end], f.bits, f.letters) {
		return -1
	}
	switch f.prefix {
	case "SG.":
		if s.text[start+22] != '.' {
			return -1
		}
	case "pypi-":
		// Macaroons of version 2 that name pypi.org or test.pypi.org.
		if rest := s.text[start:]; !strings.HasPrefix(rest, "AgEIcHlwaS5vcmc") && !strings.HasPrefix(rest, "AgENdGVzdC5weXBpLm9yZw") {
			return -1
		}
	case "ALTAK-":
		if stop := s.run(end+1, clHex); s.byteAt(end) == '/' && stop-end-1 == 40 {
			end = stop
		}
	}
	s.add(Secret, i, end)
	return end
}

// telegram looks for the token of a bot around the colon at byte i: the bot's
// number, a colon, AA and 33 characters more; it stands behind "bot" in URLs.
func (s *scan) telegram(i int) int {
	if !strings.HasPrefix(s.text[i+1:], "AA") {
		return -1
	}
	start := i
	for s.digitAt(start - 1) {
		start--
	}
	end := s.run(i+1, clKey)
	if n := i - start; n < 8 || n > 10 || end-i-1 != 35 || published(s.text[start:end]) || !drawn(s.text[i+1:end], 3.5, true) {
		return -1
	}
	if s.wordBefore(start) && !strings.HasSuffix(s.text[:start], "bot") {
		return -1
	}
	s.add(Secret, start, end)
	return end
}
