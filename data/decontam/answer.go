package decontam

import "slices"

const (
	// epsilon is for sums of weights in another order.
	epsilon = 1e-6
	// shortWeight is the part of the answer in the score of a short question.
	shortWeight = 0.25
	// share of a long answer, and of the choices, that counts as found.
	share = 0.75
	// shortAnswer is the number of units up to which an answer must be there whole.
	shortAnswer = 8
	// answerNGram is the n-gram length in which longer answers are compared.
	answerNGram = 3
	// weakAnswer is what an answer of one or two bytes counts: 18 or no are found
	// near anything.
	weakAnswer = 0.5
)

// length is where so many units lie between short and long: in [0,1].
func (c Config) length(units int) float64 {
	x := float64(units-c.ShortUnits) / float64(c.LongUnits-c.ShortUnits)
	return min(max(x, 0), 1)
}

// answerWeight returns the weight of the answer in the score of a question of so
// many units: short ones say little by themselves.
func (c Config) answerWeight(units int) float64 { return shortWeight * (1 - c.length(units)) }

// demanded returns the score that an item must reach of which so many units, in
// question and answer, were looked at.
func (c Config) demanded(units int) float64 { return 1 - (1-c.Threshold)*c.length(units) }

// answer returns how much of an item's answer or choices lies in the text from the
// unit lo, where its question begins, to a window behind the unit hi, where it
// ends, in [0,1]; and how many units that is.
func (c *Checker) answer(item *indexed, lo, hi int) (best float64, units int) {
	if n := len(item.answer); n > 0 {
		best, units = c.part(item.answer, c.window(lo, hi, n)), n
		if item.weak {
			best *= weakAnswer
		}
	}
	if len(item.choices) < 2 {
		return best, units
	}
	sum := 0
	for _, ch := range item.choices {
		sum += len(ch)
	}
	w := c.window(lo, hi, sum+2*len(item.choices)) // with a mark such as (A) and a word around it
	found := 0
	for _, ch := range item.choices {
		if at, ok := end(w, ch); ok {
			found++
			w = w[at:]
		}
	}
	if part := float64(found) / float64(len(item.choices)); part >= share && part >= best {
		return part, sum
	}
	return best, units
}

// window returns the units in which an answer of n units is looked for.
func (c *Checker) window(lo, hi, n int) []uint64 {
	w := c.x.cfg.AnswerWindow
	if n > shortAnswer {
		w = max(c.x.cfg.LongAnswerWindow, 2*n)
	}
	return c.seg.hash[lo:min(len(c.seg.hash), hi+w)]
}

// part returns how much of an answer is in a window: all or nothing of a short
// one, the share of n-grams of a longer one.
func (c *Checker) part(answer, window []uint64) float64 {
	if len(answer) <= shortAnswer {
		if _, ok := end(window, answer); ok {
			return 1
		}
		return 0
	}
	there := map[uint64]bool{}
	for _, h := range roll(nil, window, answerNGram) {
		there[h] = true
	}
	grams := distinct(roll(nil, answer, answerNGram))
	found := 0
	for _, h := range grams {
		if there[h] {
			found++
		}
	}
	return float64(found) / float64(len(grams))
}

// end returns the place behind the first occurrence of part in units.
func end(units, part []uint64) (int, bool) {
	for i := 0; i+len(part) <= len(units); i++ {
		if slices.Equal(units[i:i+len(part)], part) {
			return i + len(part), true
		}
	}
	return 0, false
}
