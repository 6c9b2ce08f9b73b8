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

	CapitalWords     int // of capital letters only, two or more
	AddressWords     int // you, your
	SaleWords        int // of advertisements and shops
	LinkWords        int // http, www
	EnglishStops     int // occurrences of frequent English function words
	GopherStops      int // how many of Gopher's eight words occur
	ChineseStops     int // how many of FineWeb-2's 22 characters occur
	Hashes           int // "#"
	Ellipses         int // "..." and "…"
	Traditional      int // Han characters with another simplified form
	Braces           int // "{"
	Brackets         int // "【" and "】"
	LoremIpsum       bool
	LongestToken     int // in bytes
	Units            int
	UniqueUnits      int
	UnitChars        int
	Entropy          float64 // of units, in nats
	Lines            int     // non-empty
	LineChars        int
	LongestLine      int
	Newlines         int
	BulletLines      int
	EllipsisLines    int
	TerminalLines    int // end in terminal punctuation
	ShortLines       int // of at most 30 characters
	LongLines        int // of at least 200 characters
	ScriptLines      int // mention javascript
	PolicyLines      int // terms of use, privacy policy, cookies
	ReadMoreLines    int
	DupLines         int
	DupLineChars     int
	Paragraphs       int
	DupParagraphs    int
	ParagraphChars   int
	DupParaChars     int
	LowParagraphs    int // of low quality
	FewHanParagraphs int // fewer than ten Han characters, in a text in Han
	ReplacementRune  int // U+FFFD

	SentenceSpans     int
	LowSentences      int // of low quality
	DupSentences      int
	Sentences         int // with a letter
	FullSentences     int // and with an end mark
	FullSentenceChars int

	TopNGram      [5]float64  // share of characters in the copies of the n-gram that has most, n = 2..4
	DupNGram      [14]float64 // share of characters in repeated n-grams, n = 5..10 and 13
	DupChar10Gram float64     // share of the most repeated 10-grams of characters (Data-Juicer)

	Datatrove, Dolma, RPV2 Peer

	nearDup          [2]float64 // DupNGram[5] and [10] of copies within reach
	fluency          float64    // of package fluency, or noFluency
	page             float64
	dashLines        int // start with • or -
	signLines        int // start with one of RedPajama's signs
	rawBullets       int // start with - or * before trimming
	oneEllipsisLines int // end in …
	nearLineChars    int // DupLineChars and DupParaChars of copies within reach
	nearParaChars    int
	commaLines       int // end in a comma or semicolon
	allDupLines      int // all copies of repeated lines
	allDupLineChars  int
}

// noFluency stands where the language has no model.
const noFluency = -1

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
