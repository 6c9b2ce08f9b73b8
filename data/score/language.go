package score

// Language is what a text is written in, as far as the rules care.
type Language string

// The languages that rules exist for.
const (
	English      Language = "en"
	Chinese      Language = "zh"
	Code         Language = "code"
	OtherLang    Language = "other"
	minGuessText          = 20 // units below which function words prove nothing
)

// Guess tells language, script (ISO 15924) and how sure it is in [0,1].
type Guess struct {
	Language Language
	Script   string
	Score    float32
}

// GuessLanguage judges by scripts, function words and the shape of lines. code
// says that the file's name is that of program code.
func GuessLanguage(f *Features, code bool) Guess {
	script, share := f.script()
	if code {
		return Guess{Code, script, 1}
	}
	if s := ratio(f.CodeLines, f.Lines); f.Lines >= 5 && s >= 0.5 {
		return Guess{Code, script, float32(s)}
	}
	switch script {
	case "Hani":
		return Guess{Chinese, script, float32(share)}
	case "Latn":
		return f.latin(share)
	}
	return Guess{OtherLang, script, float32(share)}
}

// script returns the main script and its share. A Han character weighs as much
// as a word of another script, since either is about one unit of meaning.
func (f *Features) script() (string, float64) {
	other := f.Letters - f.Han - f.Kana - f.Hangul - f.Latin
	words := f.Words - f.DigitWords
	all := f.Han + f.Kana + words
	if f.Letters == 0 || all == 0 {
		return "Zyyy", 0
	}
	switch {
	case f.Kana*20 > f.Han+f.Kana && f.Kana*5 > words:
		return "Jpan", ratio(f.Kana+f.Han, all)
	case f.Han*10 >= all*3:
		return "Hani", ratio(f.Han, all)
	case f.Hangul*2 > f.Letters:
		return "Hang", ratio(f.Hangul, f.Letters)
	case other*2 > f.Letters:
		return "Zzzz", ratio(other, f.Letters)
	}
	return "Latn", ratio(f.Latin, f.Letters)
}

// latin tells English from other languages in Latin letters.
func (f *Features) latin(share float64) Guess {
	stops := ratio(f.EnglishStops, f.Words)
	accents := ratio(f.Accents, f.Latin)
	switch {
	case stops >= 0.08 && accents < 0.05:
		return Guess{English, "Latn", float32(share * min(1, 0.5+stops*2))}
	case f.Words < minGuessText && accents == 0:
		return Guess{English, "Latn", float32(share * 0.5)}
	case accents < 0.005 && stops >= 0.02: // lists, tables, documentation
		return Guess{English, "Latn", float32(share * 0.5)}
	}
	return Guess{OtherLang, "Latn", float32(share * (1 - stops))}
}
