package lang

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"huihai/internal/golden"
)

func TestHanLanguages(t *testing.T) {
	id := New(Default())
	for want, texts := range map[string][]string{
		"yue": {
			"我哋今日去邊度食飯呀？", "佢喺屋企瞓緊覺，唔好嘈佢。", "呢啲嘢係邊個嘅？我唔知喎。", "你食咗飯未呀？", "冇問題，聽日再傾啦。",
			"香港嘅天氣好熱，出街記得帶水，唔係就會中暑。我琴日行咗成個鐘，攰到死，返到屋企即刻瞓咗。",
			"谂住今晚同班friend去睇戏，点知佢哋话唔得闲，惟有自己一个人去咗。",
			"政府話會喺年底前完成呢項工程，不過好多居民都唔信，話之前都講過好多次，次次都係得個講字。",
		},
		"ja": {
			"東京都渋谷区神宮前一丁目", "営業時間変更", "気象庁発表資料", "国際空港到着予定時刻一覧", "株式会社設立登記申請書類作成方法検討会議事録",
			"鉄道駅構内図", "焼酎専門店", "労働基準監督署", "峠越林道通行止", "残高証明書発行手数料無料",
		},
		"zh": {
			"我们今天去哪里吃饭？", "他在家裡睡覺，不要吵他。", "國立故宮博物院收藏了許多書畫。", "这个仔细看起来很靓，价格也不贵，唔，我再想想。",
			"小明学粤语，第一句是“你食咗饭未”，意思是你吃饭了没有。老师说，粤语里有许多普通话没有的字，要多听多说才能学会，不能只看书本。",
			"国破山河在，城春草木深。感时花溅泪，恨别鸟惊心。", "北京市朝阳区建国路八十八号", "東京奧運會開幕式在國立競技場舉行", "中華人民共和國", "大学生活",
			"日本的“込”和“峠”是日本人造的汉字，叫做国字，我们平时看不到这些字。",
		},
	} {
		for _, text := range texts {
			if r := id.Identify(text, false); r.Language != want {
				t.Errorf("%q is %s (%.2f), want %s", text, r.Language, r.Score, want)
			}
		}
	}
}

// Chinese of all ages, in both writings, is not taken for another language.
func TestChineseStaysChinese(t *testing.T) {
	id := New(Default())
	for _, file := range []string{"zh_tang_poems", "zh_song_ci", "zh_classics", "zh_yuan_qu", "zh_law_raw", "docs_zh"} {
		f, err := os.Open(golden.Shared(t, "data", "pretrain", file+".jsonl.gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		all, other := 0, map[string]int{}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var row struct{ Text string }
			if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
				t.Fatal(err)
			}
			all++
			if strings.ContainsFunc(row.Text, func(r rune) bool { return r >= 0x3040 && r < 0x3100 }) {
				continue // Kana decide
			}
			if l := id.Identify(row.Text, false).Language; l == "ja" || l == "yue" {
				if other[l]++; other[l] < 5 {
					t.Logf("%s: %s: %q", file, l, row.Text[:min(len(row.Text), 150)])
				}
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d texts, taken for others: %v", file, all, other)
		if n := other["ja"] + other["yue"]; n*2000 > all {
			t.Errorf("%s: %d of %d are not Chinese: %v", file, n, all, other)
		}
	}
}

func TestSQLAndTemplatesAreCode(t *testing.T) {
	id := New(Default())
	for name, text := range map[string]string{
		"query":      "SELECT u.name, COUNT(*) AS orders\nFROM users u\nLEFT JOIN orders o ON o.user_id = u.id\nWHERE u.created_at > '2024-01-01'\n  AND u.active\nGROUP BY u.name\nHAVING COUNT(*) > 3\nORDER BY orders DESC\nLIMIT 10\n",
		"small":      "select id, title\nfrom posts\nwhere author = 'kim'\norder by id desc;\n",
		"schema":     "-- accounts\nCREATE TABLE accounts (\n  id BIGINT PRIMARY KEY,\n  email VARCHAR(255) NOT NULL UNIQUE,\n  balance DECIMAL(10, 2) DEFAULT 0,\n  created_at TIMESTAMP\n);\nCREATE INDEX accounts_email ON accounts (email);\nINSERT INTO accounts (id, email)\nVALUES\n  (1, 'a'),\n  (2, 'b');\n",
		"Chinese":    "-- 查询订单\nSELECT 订单号, 金额\nFROM 订单表\nWHERE 状态 = '已支付'\nORDER BY 金额 DESC;\n",
		"Jinja":      "{% extends \"base.html\" %}\n{% block content %}\n<h1>{{ title }}</h1>\n<ul>\n{% for item in items %}\n  <li><a href=\"{{ item.url }}\">{{ item.name }}</a></li>\n{% else %}\n  <li>Nothing here yet</li>\n{% endfor %}\n</ul>\n{% endblock %}\n",
		"Handlebars": "<div class=\"entry\">\n  {{#if author}}\n    <h1>{{firstName}} {{lastName}}</h1>\n  {{else}}\n    <p>Unknown author</p>\n  {{/if}}\n  {{#each comments}}\n    <p>{{this}}</p>\n  {{/each}}\n</div>\n",
		"PHP":        "<html>\n<body>\n<?php if ($user): ?>\n  <p>Welcome back, <?= htmlspecialchars($user->name) ?></p>\n<?php else: ?>\n  <p>Please log in</p>\n<?php endif; ?>\n</body>\n</html>\n",
		"ERB":        "<h2>Posts</h2>\n<% @posts.each do |post| %>\n  <div class=\"post\">\n    <%= link_to post.title, post %>\n  </div>\n<% end %>\n",
		"Vue":        "<template>\n  <ul>\n    <li v-for=\"u in users\" :key=\"u.id\">\n      {{ u.name }}\n    </li>\n  </ul>\n</template>\n",
		"Thymeleaf":  "<ul>\n  <li th:each=\"p : ${products}\">\n    <span th:text=\"${p.name}\">name</span>\n  </li>\n  <li>the end</li>\n</ul>\n",
		"Blade":      "@extends('layout')\n@section('content')\n<h1>{{ $title }}</h1>\n@foreach ($users as $user)\n  <p>{{ $user->name }}</p>\n@endforeach\n@endsection\n",
		"YAML":       "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ include \"app.fullname\" . }}\nspec:\n  {{- if .Values.port }}\n  port: {{ .Values.port }}\n  {{- end }}\n",
	} {
		if r := id.Identify(text, false); r.Language != codeText {
			t.Errorf("%s is %s (%.2f)", name, r.Language, r.Score)
		}
	}
	for name, text := range map[string]string{
		"prose with from and where": "Select the best apples\nfrom the trees on the hill,\nwhere the sun is warm,\nand order them by size.\nUpdate the list in autumn,\nand set it on the wall.\n",
		"one placeholder":           "Dear {{ name }},\n\nthank you for your order of last week.\nIt will arrive on Monday.\nPlease call us if anything is missing.\nWith kind regards\nThe shop\n",
		"a lesson on SQL":           "The statement SELECT name FROM users reads the names of all users.\nIt is the first one that most people learn.\nWith WHERE the rows are chosen, and with ORDER BY they are sorted.\nTry it on a table of your own.\nThen read the next chapter about joins.\n",
		"wiki":                      "{{Infobox person\n| name = Ada\n| born = 1815\n}}\nAda Lovelace was an English mathematician.{{cite web|url=x}}\nShe wrote notes on the engine of Babbage.\nHer notes hold what is called the first program.\nShe died in London at the age of 36.\n",
	} {
		if r := id.Identify(text, false); r.Language != "en" {
			t.Errorf("%s is %s (%.2f)", name, r.Language, r.Score)
		}
	}
	if r := id.Identify(strings.Repeat("委员会公布了报告。\n", 6), false); r.Language != "zh" {
		t.Errorf("prose is %s", r.Language)
	}
}
