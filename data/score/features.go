package score

// Features are the measures of one text. Counts are in characters (code points)
// unless the name says otherwise.
type Features struct {
	Bytes    int
	Chars    int // all characters
	NonBlank int // characters but blanks and line ends

	Letters, Digits, Punct, Symbols   int
	Han, Kana, Hangul, Latin, Accents int // letters by script; Accents are Latin letters beyond ASCII

	Words       int // runs of letters and digits, without Han and Kana
	WordChars   int
	Tokens      int // separated by blanks
	AlphaTokens int // tokens with a letter
	DigitWords  int // words of digits only

	EnglishStops    int // occurrences of frequent English function words
	GopherStops     int // how many of Gopher's eight words occur
	ChineseStops    int // how many of FineWeb-2's 22 characters occur
	Hashes          int // "#"
	Ellipses        int // "..." and "…"
	Braces          int // "{"
	Brackets        int // "【" and "】"
	Sentences       int
	LoremIpsum      bool
	LongestToken    int // in bytes
	Units           int
	UniqueUnits     int
	UnitChars       int
	Entropy         float64 // of units, in nats
	Lines           int     // non-empty
	LineChars       int
	LongestLine     int
	Newlines        int
	BulletLines     int
	EllipsisLines   int
	TerminalLines   int // end in terminal punctuation
	ShortLines      int // of at most 30 characters
	CodeLines       int // look like program text
	ScriptLines     int // mention javascript
	PolicyLines     int // terms of use, privacy policy, cookies
	ReadMoreLines   int
	DupLines        int
	DupLineChars    int
	Paragraphs      int
	DupParagraphs   int
	ParagraphChars  int
	DupParaChars    int
	TopNGram        [5]float64  // share of characters in the most frequent n-gram, n = 2..4
	DupNGram        [14]float64 // share of characters in repeated n-grams, n = 5..10 and 13
	ReplacementRune int         // U+FFFD
}

// ratio returns a/b, and 0 for b == 0.
func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// HanRatio returns the share of Han characters among letters.
func (f *Features) HanRatio() float64 { return ratio(f.Han, f.Letters) }

// MeanWordLength returns the mean length of words in characters.
func (f *Features) MeanWordLength() float64 { return ratio(f.WordChars, f.Words) }
