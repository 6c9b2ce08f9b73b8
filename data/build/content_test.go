package build

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"huihai/data"
	"huihai/data/datatest"
	"huihai/data/pii"
	"huihai/data/shard"
)

// What is found out about a text comes out of a build: keys and company codes are
// masked and counted, Cantonese and SQL are told, disguised abuse is less safe than a
// report of the police.
func TestContentOfDocuments(t *testing.T) {
	texts := map[string]string{
		"key":    "部署脚本里写着阿里云的密钥 LTAI5tQ7x2LmNb3vC4d5E6fG，还有公司的统一社会信用代码9144030071526726XG，请尽快改掉，不要再提交到仓库里。",
		"yue":    "我哋今日去咗茶餐廳食飯，佢話嗰度啲嘢好好食，下次再同埋阿媽一齊嚟。香港嘅天氣好熱，出街記得帶水，唔係就會中暑。",
		"sql":    "SELECT u.name, COUNT(*) AS orders\nFROM users u\nLEFT JOIN orders o ON o.user_id = u.id\nWHERE u.active\nGROUP BY u.name\nORDER BY orders DESC\nLIMIT 10;",
		"abuse":  "what a stup1d b1tch, f*ck off you a$$hole and k1ll y0urself, nobody in this whole town likes a dumb piece of sh1t like you anyway",
		"police": "Police officers arrested a man on Sunday who had sold cocaine and heroin to students. The court sentenced him to two years in prison, according to the ministry.",
	}
	var lines strings.Builder
	for id, text := range texts {
		b, err := json.Marshal(map[string]string{"id": id, "text": text})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(b, '\n'))
	}
	in := filepath.Join(t.TempDir(), "in.jsonl")
	datatest.Write(t, in, []byte(lines.String()))
	cfg := small(t, in)
	cfg.PII.CreditCode = pii.Mask
	r := build(t, cfg)
	if r.PII.Masked[pii.Secret] != 1 || r.PII.Masked[pii.CreditCode] != 1 || r.PII.Masked.Total() != 2 {
		t.Errorf("masked: %v", r.PII.Masked)
	}
	rows := map[string]shard.Document{}
	for _, d := range datatest.Shards[shard.Document](t, cfg.Output, data.KindDocuments) {
		for id, text := range texts {
			if d.Text == text || id == "key" && strings.Contains(d.Text, "<|secret|>，还有公司的统一社会信用代码<|credit_code|>") {
				rows[id] = d
			}
		}
	}
	if len(rows) != len(texts) {
		for _, d := range readDocuments(t, cfg.Output) {
			t.Logf("%s %q", d.Language, d.Text)
		}
		t.Fatalf("found %d of %d texts in the table", len(rows), len(texts))
	}
	for id, want := range map[string]string{"key": "zh", "yue": "yue", "sql": "code", "abuse": "en", "police": "en"} {
		if got := rows[id].Language; got != want {
			t.Errorf("%s: language %s, want %s", id, got, want)
		}
	}
	if abuse, police := rows["abuse"].Safety, rows["police"].Safety; !(abuse < 0.3 && police > 0.7) {
		t.Errorf("safety of abuse %.2f, of a report of the police %.2f", abuse, police)
	}
}

// A vocabulary without room for the characters of the text is named in the summary of
// its stage.
func TestTokenizerWithoutRoom(t *testing.T) {
	var text strings.Builder
	for i := range 3000 {
		text.WriteString(strings.Repeat(string(rune(0x4e00+i)), 1+i%3))
		if i%40 == 39 {
			text.WriteString("。\n")
		}
	}
	in := filepath.Join(t.TempDir(), "in.txt")
	datatest.Write(t, in, []byte(text.String()))
	cfg := small(t, in)
	cfg.VocabSize = 800
	cfg.Score.Profile = "none"
	summary := ""
	if _, err := Run(context.Background(), cfg, func(e Event) {
		if e.Stage == StageTokenizer && e.Finished {
			summary = e.Summary
		}
	}, WithFS(unsynced{})); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"vocab_size 800", "character_coverage", "raise vocab_size"} {
		if !strings.Contains(summary, want) {
			t.Errorf("%q is missing in %q", want, summary)
		}
	}
}
