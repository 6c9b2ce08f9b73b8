package score

// Language is what a text is written in, as far as the rules care.
type Language string

// The languages that rules exist for.
const (
	English   Language = "en"
	Chinese   Language = "zh"
	Code      Language = "code"
	OtherLang Language = "other"
)

// undetermined is what package lang says of a text in no language it knows.
const undetermined Language = "und"

// Guess tells language, script (ISO 15924) and how sure it is in [0,1].
type Guess struct {
	Language Language
	Script   string
	Score    float32
}
