package lang

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// rival is a language that the letter sequences take for another, since the
// model does not know it or the two differ in words more than in letters.
type rival struct {
	language string
	of       []string // the languages it is taken for
	// words are frequent words that the others do not have, and letters such
	// letters. against are words of the others.
	words, against []string
	letters        string
	// least is the share of words or letters from which it is the language.
	least float64
}

var indonesian = strings.Fields(`bahwa karena bisa berkas maupun memperoleh pengadilan apapun yaitu saja bila uang silakan harus bagian nasional
	hukum galat kesalahan kantor sesuai isi sebuah merupakan lainnya melakukan tersebut dengan tanpa sistem daftar tautan berbeda
	ketika sangat sudah hanya namun siapapun kekerasan kewarganegaraan memiliki pilihlah klik mobil kepribadiannya`)

var malay = strings.Fields(`ialah boleh kerana bahawa sahaja hendaklah mahkamah pelbagai bahagian wang awak tiada sila cuba mesti kebangsaan
	apabila sekiranya iaitu ralat fail pelayan skrin tiap-tiap kandungan gunakan arahan dipaparkan sebarang kepada adakah
	berkenaan sesiapa perlembagaan asasi kesemua mengikut manakala kesan pautan papar tidaklah dijumpai sah`)

var rivals = []rival{
	{language: "id", of: []string{"ms"}, words: indonesian, against: malay, least: 0.02},
	{language: "ms", of: []string{"id"}, words: malay, against: indonesian, least: 0.02},
	{
		language: "gl", of: []string{"es"}, least: 0.08,
		words:   strings.Fields("unha non coa dun dunha nun nunha polo pola máis ou cos xa tamén ó aos ao os do da dos das nas"),
		against: strings.Fields("el los las del y una más lo es son"),
	},
	{
		language: "gl", of: []string{"pt"}, least: 0.03,
		words:   strings.Fields("unha non coa co dun dunha nun nunha polo pola máis cos xa tamén ó á en e un hai el ser"),
		against: strings.Fields("um uma não com mais são pela pelo em está você há para e ser"),
	},
	{
		language: "ne", of: []string{"hi", "mr"}, least: 0.03,
		words: strings.Fields("छ छन् छैन हरू हरूको पनि गर्ने गर्न गर्नुहोस् गरिएको हुने हुनेछ भएको तपाईं तपाईंको थियो भयो लाई यो वा मात्र सबै र"),
	},
	{language: "as", of: []string{"bn"}, letters: "ৰৱ", least: 0.01},
	{language: "yi", of: []string{"he"}, letters: "װױײ", least: 0.01},
	{language: "ckb", of: []string{"fa", "ar", "ur"}, letters: "ێڵڕ", least: 0.01},
	{language: "ug", of: []string{"fa", "ar", "ur"}, letters: "ۇۈۋڭ", least: 0.03},
	{language: "ps", of: []string{"fa", "ar", "ur"}, letters: "ټډړږښګڼۍې", least: 0.03},
}

// rivalWords is how many words of each part are looked at.
const rivalWords = 300

// rival replaces the likeliest language by a rival for which words or letters
// speak; main is the share of the script. Twice the least evidence is certain.
func (id *Identifier) rival(main float64) {
	if len(id.top) == 0 {
		return
	}
	for i := range rivals {
		v := &rivals[i]
		if !slices.Contains(v.of, id.top[0].Language) {
			continue
		}
		share := 0.0
		if v.letters != "" {
			share = shareOfLetters(id.parts, v.letters)
		} else {
			share = id.shareOfWords(v)
		}
		if share >= v.least {
			id.promote(v.language, float32(main*min(1, 0.5*share/v.least)))
			return
		}
	}
}

// promote makes language the first candidate.
func (id *Identifier) promote(language string, score float32) {
	for i, c := range id.top {
		if c.Language == language {
			id.top = slices.Delete(id.top, i, i+1)
			break
		}
	}
	for i := range id.top {
		id.top[i].Score = min(id.top[i].Score, score, 1-score)
	}
	id.top = slices.Insert(id.top, 0, Candidate{language, score})
}

func shareOfLetters(parts []string, letters string) float64 {
	n, found := 0, 0
	for _, p := range parts {
		for _, r := range p {
			if r < utf8.RuneSelf {
				continue
			}
			n++
			if strings.ContainsRune(letters, r) {
				found++
			}
		}
	}
	return float64(found) / float64(max(n, 1))
}

// shareOfWords returns the share of v's words, less that of the others'.
func (id *Identifier) shareOfWords(v *rival) float64 {
	n, found := 0, 0
	for _, p := range id.parts {
		k := 0
		for word := range strings.FieldsSeq(p) {
			if k++; k > rivalWords {
				break
			}
			n++
			word = strings.ToLower(strings.Trim(word, ".,;:!?()\"'«»“”।"))
			if slices.Contains(v.words, word) {
				found++
			}
			if slices.Contains(v.against, word) {
				found--
			}
		}
	}
	return float64(found) / float64(max(n, 1))
}
