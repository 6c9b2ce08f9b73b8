package safety

// Counts is what the documents scored came to.
type Counts struct {
	Scored  int64            `json:"scored"`
	WithHit int64            `json:"with_hit"`
	Dropped int64            `json:"dropped"`
	Hits    map[string]int64 `json:"hits"` // matches by category
}

// Count adds a result of s to c.
func (s *Scorer) Count(c *Counts, r Result) {
	c.Scored++
	if r.Reason != "" {
		c.Dropped++
	}
	if len(r.Paragraphs) == 0 {
		return
	}
	c.WithHit++
	if c.Hits == nil {
		c.Hits = map[string]int64{}
	}
	for i, n := range r.Hits {
		if n > 0 {
			c.Hits[s.categories[i]] += int64(n)
		}
	}
}

// Add adds other to c.
func (c *Counts) Add(other Counts) {
	c.Scored += other.Scored
	c.WithHit += other.WithHit
	c.Dropped += other.Dropped
	for name, n := range other.Hits {
		if c.Hits == nil {
			c.Hits = map[string]int64{}
		}
		c.Hits[name] += n
	}
}
