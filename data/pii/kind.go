package pii

import (
	"encoding/json"
	"fmt"
)

// Kind is a kind of personal data. Where matches overlap, the smaller kind wins.
type Kind uint8

// The kinds, in order of precedence.
const (
	Secret Kind = iota
	Email
	IDCard
	CreditCode
	HKID
	TWID
	IBAN
	MAC
	IMEI
	IP
	Phone
	BankCard
	Plate
	Passport
	QQ
	WeChat
	numKinds
)

var kindNames = [numKinds]string{
	"secret", "email", "id_card", "credit_code", "hk_id", "tw_id", "iban", "mac", "imei", "ip", "phone", "bank_card",
	"plate", "passport", "qq", "wechat",
}

// String returns the name that configuration and report use.
func (k Kind) String() string {
	if k < numKinds {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Kinds returns all kinds in order of precedence.
func Kinds() []Kind {
	out := make([]Kind, numKinds)
	for i := range out {
		out[i] = Kind(i)
	}
	return out
}

func kindOf(name string) (Kind, bool) {
	for k, n := range kindNames {
		if n == name {
			return Kind(k), true
		}
	}
	return 0, false
}

// Match is a piece of personal data: text[Start:End], in bytes.
type Match struct {
	Kind       Kind
	Start, End int
}

// Counts are numbers of matches by kind. In JSON it is an object of those that
// are not zero.
type Counts [numKinds]int64

// Add adds other to c.
func (c *Counts) Add(other Counts) {
	for k, n := range other {
		c[k] += n
	}
}

// Total returns the number of matches of all kinds.
func (c Counts) Total() int64 {
	var sum int64
	for _, n := range c {
		sum += n
	}
	return sum
}

// MarshalJSON writes the counts that are not zero, by name.
func (c Counts) MarshalJSON() ([]byte, error) {
	m := map[string]int64{}
	for k, n := range c {
		if n != 0 {
			m[kindNames[k]] = n
		}
	}
	return json.Marshal(m)
}

// UnmarshalJSON reads what MarshalJSON wrote. An unknown kind is an error.
func (c *Counts) UnmarshalJSON(b []byte) error {
	var m map[string]int64
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("pii: read counts: %w", err)
	}
	*c = Counts{}
	for name, n := range m {
		k, ok := kindOf(name)
		if !ok {
			return fmt.Errorf("pii: read counts: there is no kind %q", name)
		}
		c[k] = n
	}
	return nil
}
