package pii

import (
	"strings"
	"unicode/utf8"
)

// plateProvinces begin mainland vehicle plates (GA 36).
const plateProvinces = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"

// plate looks for a vehicle plate whose letter stands at byte i, behind a Han
// character: five characters, or six on new-energy vehicles, of which at most
// two are letters without I and O. A dot may stand behind the letter.
func (s *scan) plate(i int) {
	r, n := utf8.DecodeLastRuneInString(s.text[:i])
	if !strings.ContainsRune(plateProvinces, r) || s.text[i] == 'I' {
		return
	}
	j := i + 1
	if strings.HasPrefix(s.text[j:], "·") {
		j += len("·")
	} else if s.byteAt(j) == '-' || s.byteAt(j) == ' ' {
		j++
	}
	letters, end := 0, j
	for end < len(s.text) && end-j < 7 && (s.digitAt(end) || s.text[end] >= 'A' && s.text[end] <= 'Z') {
		if !s.digitAt(end) {
			letters++
			if s.text[end] == 'I' || s.text[end] == 'O' {
				return
			}
		}
		end++
	}
	if size := end - j; (size == 5 || size == 6) && letters <= 2 && !s.wordAt(end) {
		s.add(Plate, i-n, end)
	}
}

var (
	qqWords       = []string{"qq", "qq号", "qq号码", "扣扣", "企鹅号", "qq群", "加q"}
	passportWords = []string{"护照", "护照号", "护照号码", "護照", "passport", "passport no", "passport number"}
)

// passport looks for a letter (or two) and digits behind a word that says passport;
// the digits are text[i:end].
func (s *scan) passport(i, end int) {
	start := i - 1
	if s.text[start] >= 'A' && s.text[start] <= 'Z' && start > 0 && s.text[start-1] >= 'A' && s.text[start-1] <= 'Z' {
		start--
	}
	if c := s.text[start]; c < 'A' || c > 'Z' || s.wordBefore(start) || s.wordAt(end) || !s.behindAny(start, passportWords) {
		return
	}
	s.add(Passport, start, end)
}

var wechatWords = []string{"微信", "威信", "wechat", "WeChat", "WECHAT", "Wechat", "weixin", "WeiXin", "Weixin", "vx", "VX", "Vx"}

// wechat looks for names of 6 to 20 characters, the first a letter (the rule of
// WeChat), behind a word that says so and a colon.
func (s *scan) wechat() {
	for _, w := range wechatWords {
		for at := 0; ; {
			k := strings.Index(s.text[at:], w)
			if k < 0 {
				break
			}
			at += k + len(w)
			s.wechatName(at, w)
		}
	}
}

func (s *scan) wechatName(at int, word string) {
	if begin := at - len(word); is(word[0], clLetter) && s.wordBefore(begin) {
		return
	}
	start := at
	for range maxGap {
		if b := s.byteAt(start); b == ' ' || b == ':' {
			start++
		} else if strings.HasPrefix(s.text[start:], "：") || strings.HasPrefix(s.text[start:], "号") {
			start += len("：")
		} else {
			break
		}
	}
	if !strings.ContainsAny(s.text[at:start], "：:") {
		return
	}
	end := s.run(start, clKey)
	if size := end - start; size >= 6 && size <= 20 && is(s.text[start], clLetter) && s.byteAt(end) != '.' && s.byteAt(end) != '@' && s.byteAt(end) != ':' {
		s.add(WeChat, start, end)
	}
}
