package ngram

import "fmt"

// Discount is what modified Kneser-Ney smoothing takes from adjusted counts of
// 1, 2, and 3 or more.
type Discount [3]float64

// fallback is the discount of KenLM where the counts give none.
var fallback = Discount{0.5, 1, 1.5}

// of returns the discount of an adjusted count.
func (d *Discount) of(count uint64) float64 {
	if count == 0 {
		return 0
	}
	return d[min(count, 3)-1]
}

// discount estimates the discounts of an order (Chen and Goodman 1998, equation
// 26): with n_i n-grams of adjusted count i and Y = n_1/(n_1 + 2 n_2),
//
//	D_i = i - (i+1) Y n_{i+1}/n_i
func (c *countsOfOrder) discount(order int) (d Discount, err error) {
	for i := 1; i <= 3; i++ {
		if c.of[i] == 0 {
			return d, fmt.Errorf("no %d-gram has the adjusted count %d", order, i)
		}
	}
	y := float64(c.of[1]) / float64(c.of[1]+2*c.of[2])
	for i := 1; i <= 3; i++ {
		d[i-1] = float64(i) - float64(i+1)*y*float64(c.of[i+1])/float64(c.of[i])
		if d[i-1] < 0 || d[i-1] > float64(i) {
			return d, fmt.Errorf("the discount of %d-grams of adjusted count %d would be %.3f", order, i, d[i-1])
		}
	}
	return d, nil
}

// discounts estimates those of all orders, and names the orders for which the
// fallback stood in.
func (t *Trainer) discounts(c *counted) (all []Discount, fellBack []int, err error) {
	fellBack = []int{} // a list in the report, not null
	for i := range c.stats {
		d, err := c.stats[i].discount(i + 1)
		if err != nil {
			if !t.cfg.DiscountFallback {
				return nil, nil, fmt.Errorf("ngram: estimate discounts: %w; the text is too small or artificial: give more, lower order, or set discount_fallback", err)
			}
			d, fellBack = fallback, append(fellBack, i+1)
		}
		all = append(all, d)
	}
	return all, fellBack, nil
}
