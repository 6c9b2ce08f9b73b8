package pii

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// lot is a row of characters of an alphabet that looks drawn by lot and is always the
// same, so that no key of anybody stands in this file.
func lot(alphabet string, n, seed int) string {
	out := make([]byte, n)
	x := uint32(seed)*2654435761 + 12345
	for i := range out {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		out[i] = alphabet[x%uint32(len(alphabet))]
	}
	return string(out)
}

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	letters = lower + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	alnum   = letters + "0123456789"
	keys    = alnum + "_-"
	hexes   = "0123456789abcdef"
	base64s = alnum + "+/"
)

// vendors are keys as the vendors make them.
func vendors(seed int) map[string]string {
	l := func(a string, n int) string { return lot(a, n, seed) }
	uuid := l(hexes, 8) + "-" + l(hexes[1:], 4) + "-4" + l(hexes, 3) + "-a" + l(hexes[2:], 3) + "-" + l(hexes[3:], 12)
	return map[string]string{
		"aliyun": "LTAI5t" + l(alnum, 18), "aliyun old": "LTAI" + l(alnum, 12),
		"tencent": "AKID" + l(alnum, 32), "volcengine": "AKLT" + l(alnum, 43),
		"baidu":       "ALTAK-" + l(alnum, 21) + "/" + l(hexes, 40),
		"huggingface": "hf_" + l(letters, 34), "gitlab": "glpat-" + l(alnum, 20),
		"gitlab routable": "glpat-" + l(keys, 27) + ".0" + l(lower, 1) + "." + l(lower+"0123456789", 7),
		"npm":             "npm_" + l(alnum, 36), "pypi": "pypi-" + "AgEIcHlwaS5vcmcCJ" + l(keys, 140),
		"stripe": "sk_" + "live_" + l(alnum, 24), "stripe restricted": "rk_" + "live_" + l(alnum, 99),
		"sendgrid": "SG." + l(alnum, 22) + "." + l(alnum, 43), "twilio": "SK" + l(hexes, 32),
		"telegram": "7" + l("0123456789", 9) + ":AA" + l(alnum, 33),
		"github":   "github_" + "pat_" + l(alnum, 22) + "_" + l(alnum, 59), "github app": "ghs_" + l(alnum, 36),
		"aws": "AKIA" + l("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), "google": "AIza" + l(keys, 35), "google oauth": "GOCSPX-" + l(alnum, 28),
		"openai": "sk-" + "proj-" + l(keys, 150), "anthropic": "sk-" + "ant-api03-" + l(alnum, 93) + "AA", "deepseek": "sk-" + l(hexes, 32),
		"slack": "xoxb-" + l("123456789", 12) + "-" + l("123456789", 13) + "-" + l(alnum, 24), "docker": "dckr_pat_" + l(alnum, 27),
		"digitalocean": "dop_v1_" + l(hexes, 64), "shopify": "shpat_" + l(hexes, 32), "groq": "gsk_" + l(alnum, 52),
		"entra": l(alnum, 3) + "8Q~" + l(alnum, 34), "age": "AGE-SECRET-KEY-" + "1" + l("023456789ACDEFGHJKLMNPQRSTUVWXYZ", 58),
		"slack hook":    "https://hooks.slack.com" + "/services/T" + l(alnum, 8) + "/B" + l(alnum, 10) + "/" + l(alnum, 24),
		"discord hook":  "https://discord.com" + "/api/webhooks/" + l("123456789", 18) + "/" + l(alnum, 68),
		"dingtalk hook": "https://oapi.dingtalk.com/robot/send?access_token=" + l(hexes, 64),
		"feishu hook":   "https://open.feishu.cn/open-apis/bot/v2/hook/" + uuid,
		"lark hook":     "https://open.larksuite.com/open-apis/bot/v2/hook/" + uuid,
		"wecom hook":    "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=" + uuid,
	}
}

func TestVendorKeys(t *testing.T) {
	m := masker(t, Default())
	for seed := range 50 {
		for name, key := range vendors(seed + 1) {
			for _, form := range []string{"%s", "密钥是%s，别外传", "key: %s\n", "\"%s\",", "(%s)", "KEY=%s\n", "see %s."} {
				text := fmt.Sprintf(form, key)
				if got := show(text, m.Find(text)); !slices.Equal(got, []string{"secret:" + key}) {
					t.Errorf("%s in %q: found %q", name, text, got)
				}
			}
		}
		if t.Failed() {
			break
		}
	}
}

func TestNamedSecrets(t *testing.T) {
	m := masker(t, Default())
	secret, storage := lot(alnum, 40, 3), lot(base64s, 86, 5)+"=="
	sig := strings.ReplaceAll(lot(alnum, 43, 7), "a", "%2B") + "%3D"
	for text, want := range map[string]string{
		"AWS_SECRET_ACCESS_KEY=" + secret:                                                                        secret,
		"aws_secret_access_key = " + secret + "\nregion = cn-north-1":                                            secret,
		"export ALIYUN_ACCESS_KEY_SECRET=" + secret[:30] + "\n":                                                  secret[:30],
		"TENCENTCLOUD_SECRET_KEY: '" + secret[:32] + "'":                                                         secret[:32],
		"auth_token = \"" + lot(hexes, 32, 12) + "\"":                                                            lot(hexes, 32, 12),
		"DefaultEndpointsProtocol=https;AccountName=st;AccountKey=" + storage + ";EndpointSuffix=core":           storage,
		"Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=R;SharedAccessKey=" + storage[:43] + "=":    storage[:43] + "=",
		"https://st.blob.core.windows.net/c/f?sv=2022-11-02&se=2030-01-01T00:00:00Z&sr=b&sp=r&sig=" + sig + " x": sig,
		"postgres://app:S3cr3t-pw!@db.internal:5432/app":                                                         "S3cr3t-pw!",
		"git clone https://deploy:" + secret[:20] + "@git.firm.cn/a.git":                                         secret[:20],
		"Authorization: Bearer " + secret[:32]:                                                                   secret[:32],
		"redis://:h0rse.battery@cache:6379/0":                                                                    "h0rse.battery",
		"mongodb+srv://u1:p%40ss9word@cluster0.ab1cd.mongodb.net/test":                                           "p%40ss9word",
	} {
		if got := show(text, m.Find(text)); !slices.Equal(got, []string{"secret:" + want}) {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

func TestNumbersWithCheckCharacters(t *testing.T) {
	m := masker(t, everything())
	for text, want := range map[string]string{
		"统一社会信用代码：9144030071526726XG": "credit_code:9144030071526726XG", "税号91330106MA2CFLDG4R。": "credit_code:91330106MA2CFLDG4R",
		"HKID A123456(3)": "hk_id:A123456(3)", "身份證AB987654（3）": "hk_id:AB987654（3）", "香港身份證號碼：A1234563": "hk_id:A1234563",
		"身分證字號：A123456789，": "tw_id:A123456789", "國民身分證 F131104093": "tw_id:F131104093", "National ID: A123456789": "tw_id:A123456789",
		"居留證號 A800000014":                   "tw_id:A800000014",
		"IBAN GB82 WEST 1234 5698 7654 32.": "iban:GB82 WEST 1234 5698 7654 32", "DE89370400440532013000": "iban:DE89370400440532013000",
		"NO93 8601 1117 947 and":      "iban:NO93 8601 1117 947",
		"ether 00:1A:2B:3C:4D:5E brd": "mac:00:1A:2B:3C:4D:5E", "a4-83-e7-12-9f-0c": "mac:a4-83-e7-12-9f-0c",
		"IMEI: 490154203237518": "imei:490154203237518", "手机串号35-209900-176148-1": "imei:35-209900-176148-1",
	} {
		if got := show(text, m.Find(text)); !slices.Equal(got, []string{want}) {
			t.Errorf("%q: found %q, want %q", text, got, want)
		}
	}
}

// A wrong digit in a number with check characters makes it no number. (The weights
// of Taiwan's numbers share factors with 10 and miss some.)
func TestCheckCharactersFindErrors(t *testing.T) {
	f := &Finder{}
	for _, k := range []Kind{CreditCode, HKID, IBAN, IMEI} {
		f.on[k] = true
	}
	numbers := []string{
		"9144030071526726XG", "91330106MA2CFLDG4R", "HKID A123456(3)",
		"GB82WEST12345698765432", "DE89370400440532013000", "IMEI 490154203237518",
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom(numbers).Draw(t, "number")
		if got := f.Find(n); len(got) != 1 {
			t.Fatalf("%q: found %v", n, got)
		}
		bad := []byte(n)
		i := rapid.IntRange(0, len(n)-1).Filter(func(i int) bool { return is(n[i], clDigit) }).Draw(t, "i")
		bad[i] = '0' + (bad[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if got := f.Find(string(bad)); len(got) != 0 {
			t.Fatalf("%q, an error in %q, is taken for %s", bad, n, got[0].Kind)
		}
	})
}

// The same remainders by the plain definition.
func TestIBANRemainder(t *testing.T) {
	f := &Finder{}
	f.on[IBAN] = true
	rapid.Check(t, func(t *rapid.T) {
		bban := rapid.StringMatching(`[0-9A-Z]{4}[0-9]{14}`).Draw(t, "account")
		digits := ""
		for _, c := range bban + "GB00" {
			if c >= 'A' {
				digits += fmt.Sprint(int(c-'A') + 10)
			} else {
				digits += string(c)
			}
		}
		rest := 0
		for _, c := range digits {
			rest = (rest*10 + int(c-'0')) % 97
		}
		iban := fmt.Sprintf("GB%02d%s", 98-rest, bban)
		if got := f.Find(iban); len(got) != 1 || got[0].End != len(iban) {
			t.Fatalf("%s: found %v", iban, got)
		}
	})
}

// TestTraps holds the number of false finds: one in 64 at most, with every kind
// looked for, and fewer of those that are looked for by default.
func TestTraps(t *testing.T) {
	raw, err := os.ReadFile("testdata/traps.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]Config{"all kinds": everything(), "default": Default()} {
		m, traps, found := masker(t, cfg), 0, 0
		for line := range strings.Lines(string(raw)) {
			line = strings.TrimRight(line, "\n")
			if line == "" || strings.HasPrefix(line, "# ") {
				continue
			}
			traps++
			if got := show(line, m.Find(line)); len(got) > 0 {
				found++
				t.Logf("%s: %q: %q", name, line, got)
			}
		}
		if traps < 64 || found*64 > traps {
			t.Errorf("%s: %d of %d traps are taken for personal data; at most 1 in 64 may be", name, found, traps)
		}
	}
}
