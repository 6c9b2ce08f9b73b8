// Command corpus writes synthetic documents as gzipped JSON Lines, with copies
// whose number and likeness are known, so that a build can be held to the truth:
//
//	corpus --documents 5000000 --out corpus > truth.json
//
// Of twenty documents thirteen are new, four are exact copies and three are near
// copies: an original with one to eight words (or Han characters) after its end. A
// document of m shingles then has the Jaccard similarity m/(m+k) to its copy. Every
// document follows from the seed and its number, so nothing is held in memory and
// copies lie anywhere in the corpus. truth.json says what is in it, and what
// MinHash with --bands and --rows and verification at 0.7 should find of it.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

func main() {
	documents := flag.Int64("documents", 100_000, "how many")
	out := flag.String("out", "", "folder for the shards")
	shards := flag.Int64("shards", 32, "files")
	seed := flag.Uint64("seed", 1, "of the texts")
	bands := flag.Float64("bands", 14, "of the MinHash that the truth is told for")
	rows := flag.Float64("rows", 8, "of each band")
	flag.Parse()
	if *out == "" || *documents < 20 || *shards < 1 {
		fmt.Fprintln(os.Stderr, "corpus: give --out DIR, --documents of 20 or more and --shards of 1 or more")
		os.Exit(2)
	}
	c := corpus{seed: *seed, documents: *documents, bands: *bands, rows: *rows}
	if err := c.write(*out, *shards); err != nil {
		fmt.Fprintf(os.Stderr, "corpus: %v\n", err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(c.truth); err != nil {
		fmt.Fprintf(os.Stderr, "corpus: %v\n", err)
		os.Exit(1)
	}
}

// truth is what is in the corpus. Expected and Deviation are the mean and the
// standard deviation of the near copies that MinHash finds and verification at
// 0.7 lets pass.
type truth struct {
	Documents int64   `json:"documents"`
	TextBytes int64   `json:"text_bytes"`
	Originals int64   `json:"originals"`
	Exact     int64   `json:"exact_copies"`
	Near      int64   `json:"near_copies"`
	Alike     int64   `json:"near_copies_at_least_0.7"`
	Expected  float64 `json:"expected_found"`
	Deviation float64 `json:"deviation"`
}

// The kinds of documents come in a fixed pattern of twenty.
const (
	period    = 20
	exactKind = 4 // places 0 to 3
	nearKind  = 7 // places 4 to 6
	originals = period - nearKind
)

type corpus struct {
	seed        uint64
	documents   int64
	bands, rows float64
	truth       truth
	variance    float64
}

func (c *corpus) write(dir string, shards int64) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	c.truth.Documents = c.documents
	for s := range shards {
		path := filepath.Join(dir, fmt.Sprintf("part-%05d.jsonl.gz", s))
		if err := c.shard(path, s*c.documents/shards, (s+1)*c.documents/shards); err != nil {
			return err
		}
	}
	c.truth.Deviation = math.Sqrt(c.variance)
	return nil
}

func (c *corpus) shard(path string, from, to int64) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(z, 1<<20)
	var line []byte
	for i := from; i < to; i++ {
		line = append(line[:0], `{"id":"d`...)
		line = strconv.AppendInt(line, i, 10)
		line = append(line, `","text":"`...)
		start := len(line)
		line = c.document(line, i)
		c.truth.TextBytes += int64(len(line) - start)
		line = append(line, "\"}\n"...)
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return errors.Join(w.Flush(), z.Close())
}

// document appends the text of document i.
func (c *corpus) document(b []byte, i int64) []byte {
	block, place := i/period, i%period
	switch {
	case place < exactKind:
		c.truth.Exact++
		b, _, _ = c.original(b, c.pick(block*exactKind+place, 7))
	case place < nearKind:
		n := block*(nearKind-exactKind) + place - exactKind
		var units int
		var chinese bool
		b, units, chinese = c.original(b, c.pick(n, 3))
		extra := 1 + int(n%8)
		r := rand.New(rand.NewPCG(c.seed+1, uint64(n)))
		b = appendUnits(b, r, extra, chinese)
		c.near(units-4, extra)
	default:
		c.truth.Originals++
		b, _, _ = c.original(b, block*originals+place-nearKind)
	}
	return b
}

// near counts a near copy of m shingles and k more.
func (c *corpus) near(m, k int) {
	c.truth.Near++
	if 10*m < 7*(m+k) {
		return
	}
	c.truth.Alike++
	p := 1 - math.Pow(1-math.Pow(float64(m)/float64(m+k), c.rows), c.bands)
	c.truth.Expected += p
	c.variance += p * (1 - p)
}

// pick is the original that copy n of a kind is of, a different one for each:
// multiplication by a number without a common factor permutes the originals.
func (c *corpus) pick(n, salt int64) int64 {
	whole := c.documents / period * originals
	step := whole/salt + 1
	for gcd(step, whole) != 1 {
		step++
	}
	return (n*step + salt) % whole
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// original appends the text of original n, 100 to 400 bytes, and tells its length
// in units and whether it is Chinese.
func (c *corpus) original(b []byte, n int64) (text []byte, units int, chinese bool) {
	r := rand.New(rand.NewPCG(c.seed, uint64(n)))
	chinese = r.IntN(2) == 1
	if chinese {
		units = 33 + r.IntN(90) // three bytes each, and a mark after ten
	} else {
		units = 20 + r.IntN(48)
	}
	return appendUnits(b, r, units, chinese), units, chinese
}

// appendUnits appends n words or characters as sentences of ten.
func appendUnits(b []byte, r *rand.Rand, n int, chinese bool) []byte {
	list, gap, stop := english, " ", ". "
	if chinese {
		list, gap, stop = han, "", "。"
	}
	for i := range n {
		b = append(b, list[r.IntN(len(list))]...)
		if i%10 == 9 || i == n-1 {
			b = append(b, stop...)
		} else {
			b = append(b, gap...)
		}
	}
	return b
}

var english = strings.Fields(`a about above after again air all almost along also always animal answer any
area around ask away back bank because become before begin behind being below best better between bird black
blue boat body book both bring build busy call carry cause center certain change check city class clear close
cold color common complete cook correct could country course cover cross cut dark day decide deep develop
different direct dog door draw drive dry during each early earth east eat end enough even every example eye
face fact fall family farm fast father feel few field figure final find fine fire first fish five fly follow
food foot force form four free friend from front full game garden gave general girl give gold good govern great
green ground group grow half hand happen hard head hear heat help high hold home horse hot hour house hundred
idea inch interest island just keep kind king know land language large last late laugh lead learn leave left
letter life light line list listen little long look love low machine main make many map mark mean measure
mind minute money moon morning mother mountain mouth move music name nation near need never new next night north
note notice number object ocean often old once only open order other over own page paper part pass pattern people
perhaps person picture piece place plain plan plane plant play point port pose power press problem produce
product pull question quick rain reach read ready real record red remember rest river road rock room round
rule run school science sea second seem sentence serve several shape ship short should show side simple since
sing sit size sleep slow small snow some song soon sound south space special stand star start state stay step
still stone stop story street strong study such summer sun sure surface table tail take talk teach tell test
thing think thought thousand three time together top toward town travel tree true turn under unit until upon usual
valley very voice vowel wait walk warm watch water wave west wheel while white whole wind winter wood word work
world write year yellow young`)

var han = strings.Split("的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严龙飞", "")
