package pii

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Actions on a kind of personal data.
const (
	Off    = "off"    // not looked for
	Detect = "detect" // counted, left as it is
	Mask   = "mask"   // replaced
	Drop   = "drop"   // the document is dropped with a reason
)

// Styles of replacement.
const (
	Typed     = "typed"
	Realistic = "realistic"
)

// Config says what to look for and what to do with it.
type Config struct {
	// Actions by kind: off, detect, mask or drop.
	Secret   string `yaml:"secret" mapstructure:"secret"`
	Email    string `yaml:"email" mapstructure:"email"`
	IDCard   string `yaml:"id_card" mapstructure:"id_card"`
	IP       string `yaml:"ip" mapstructure:"ip"`
	Phone    string `yaml:"phone" mapstructure:"phone"`
	BankCard string `yaml:"bank_card" mapstructure:"bank_card"`
	Plate    string `yaml:"plate" mapstructure:"plate"`
	Passport string `yaml:"passport" mapstructure:"passport"`
	QQ       string `yaml:"qq" mapstructure:"qq"`
	WeChat   string `yaml:"wechat" mapstructure:"wechat"`
	// CreditCode are the unified social credit codes of Chinese companies, HKID and
	// TWID the identity numbers of Hong Kong and Taiwan, IBAN bank accounts, MAC and
	// IMEI the addresses of network cards and mobile phones.
	CreditCode string `yaml:"credit_code" mapstructure:"credit_code"`
	HKID       string `yaml:"hk_id" mapstructure:"hk_id"`
	TWID       string `yaml:"tw_id" mapstructure:"tw_id"`
	IBAN       string `yaml:"iban" mapstructure:"iban"`
	MAC        string `yaml:"mac" mapstructure:"mac"`
	IMEI       string `yaml:"imei" mapstructure:"imei"`
	// Replacement is the style of what masked data becomes: typed or realistic.
	Replacement string `yaml:"replacement" mapstructure:"replacement"`
	// Replacements overrides the style for a kind.
	Replacements map[string]string `yaml:"replacements" mapstructure:"replacements"`
	// PublicIPOnly leaves private, reserved and multicast addresses alone.
	PublicIPOnly bool `yaml:"public_ip_only" mapstructure:"public_ip_only"`
	// IDCard15 finds the old identity numbers of 15 digits too, which have no
	// check digit.
	IDCard15 bool `yaml:"id_card_15" mapstructure:"id_card_15"`
}

// Default masks keys, e-mail and public IP addresses, telephone and identity
// numbers, and looks for nothing else.
func Default() Config {
	return Config{
		Secret: Mask, Email: Mask, IDCard: Mask, IP: Mask, Phone: Mask,
		BankCard: Off, Plate: Off, Passport: Off, QQ: Off, WeChat: Off,
		HKID: Mask, TWID: Mask, CreditCode: Off, IBAN: Off, MAC: Off, IMEI: Off,
		Replacement: Typed, PublicIPOnly: true,
	}
}

// actions returns the action of each kind.
func (c Config) actions() [numKinds]string {
	return [numKinds]string{
		c.Secret, c.Email, c.IDCard, c.CreditCode, c.HKID, c.TWID, c.IBAN, c.MAC, c.IMEI,
		c.IP, c.Phone, c.BankCard, c.Plate, c.Passport, c.QQ, c.WeChat,
	}
}

// Validate reports every impossible value at once.
func (c Config) Validate() error {
	var errs []error
	for k, a := range c.actions() {
		if a != Off && a != Detect && a != Mask && a != Drop {
			errs = append(errs, fmt.Errorf("%s is %q; it must be off, detect, mask or drop", kindNames[k], a))
		}
	}
	if c.Replacement != Typed && c.Replacement != Realistic {
		errs = append(errs, fmt.Errorf("replacement is %q; it must be typed or realistic", c.Replacement))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Replacements)) {
		k, ok := kindOf(name)
		if !ok {
			errs = append(errs, fmt.Errorf("replacements has %q; the kinds are %s", name, strings.Join(kindNames[:], ", ")))
			continue
		}
		if err := checkReplacement(k, c.Replacements[name]); err != nil {
			errs = append(errs, fmt.Errorf("replacements.%s %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// checkReplacement refuses a text in which something else would be found, since
// masking would then never come to an end.
func checkReplacement(k Kind, s string) error {
	if !utf8.ValidString(s) {
		return errors.New("is not valid UTF-8")
	}
	all := &Finder{publicOnly: false, id15: true}
	for i := range all.on {
		all.on[i] = true
	}
	for _, m := range all.Find(s) {
		if m.Kind != k || m.Start != 0 || m.End != len(s) {
			return fmt.Errorf("is %q, which holds what looks like a %s; choose a text that is not personal data", s, m.Kind)
		}
	}
	return nil
}

// typed and realistic are the replacements of the two styles. The realistic ones
// are reserved for examples where a standard reserves any (RFC 2606, RFC 5737, the
// example of GB 11643, test card numbers).
var typed = [numKinds]string{
	"<|secret|>", "<|email|>", "<|id_card|>", "<|credit_code|>", "<|hk_id|>", "<|tw_id|>", "<|iban|>", "<|mac|>", "<|imei|>", "<|ip|>", "<|phone|>",
	"<|bank_card|>", "<|plate|>", "<|passport|>", "<|qq|>", "<|wechat|>",
}

var realistic = [numKinds]string{
	"<|secret|>", "email@example.com", "11010519491231002X", "910000000000000000", "A123456(3)", "A123456789", "GB00EXMP00000000000000", "00-00-5E-00-53-01", "000000000000000",
	"192.0.2.1", "13800138000",
	"4111111111111111", "京A00000", "E00000000", "10000", "wxid_example",
}

// replacements returns what each kind becomes.
func (c Config) replacements() [numKinds]string {
	out := typed
	if c.Replacement == Realistic {
		out = realistic
	}
	for name, s := range c.Replacements {
		if k, ok := kindOf(name); ok {
			out[k] = s
		}
	}
	return out
}
