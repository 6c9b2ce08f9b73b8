package tokenizer

import (
	"fmt"
	"strings"
)

// BaichuanSymbols returns the user-defined pieces of Baichuan 2 that fit a
// vocabulary, in the order of their ids from 3 on:
//
//   - from 32,768 pieces on, all 1,086 (ids 3 to 1088);
//   - from 2,048 on, those up to id 196, so that <reserved_106> and
//     <reserved_107>, the marks of user and assistant, are 195 and 196;
//   - below, only "\n", "\t" and these two.
//
// Training makes the tab an ordinary character (see metaTable.tab). The ids hold when <unk>, <s> and </s> are 0, 1 and 2 and no control symbols
// are defined.
func BaichuanSymbols(vocabSize int) []string {
	last := 999 // number of the last reserved piece
	switch {
	case vocabSize < 2048:
		return []string{"\n", "\t", "<reserved_106>", "<reserved_107>"}
	case vocabSize < 32768:
		last = 107
	}
	symbols := []string{"<SEP>", "<CLS>", "\n", "\t"}
	for _, tag := range strings.Fields("img h2 td strong table tr li b h3 br h4 h5 p h1 tbody") {
		symbols = append(symbols, "<"+tag+">", "<"+tag+"/>", "</"+tag+">")
	}
	symbols = append(symbols, strings.Fields(baichuanMarks)...)
	for n := 12; n <= last; n++ {
		symbols = append(symbols, fmt.Sprintf("<reserved_%d>", n))
	}
	return symbols
}

// baichuanMarks are the pieces with ids 52 to 100.
const baichuanMarks = "０ １ ２ ３ ４ ５ ６ ７ ８ ９ + - = ， 。 ！ ？ 、 ： ￥ . ! ? ... 。。。 。。。。。。 " +
	"《 》 【 】 『 』 ``` <!-- --> --- <!DOCTYPE> ； ． ＝ ＜ ＞ － ＋ ％ ‼ ㊣ ／ ｜"
