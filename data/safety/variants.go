package safety

// variants are pairs of a traditional character and its simplified form, for the
// forms that terms of this package have (by the tables of OpenCC; written by
// scripts/gen_safety_variants.py).
const variants = "" +
	"乾干亂乱佈布侖仑係系俬私個个倫伦傢家傳传傷伤僱雇儘尽優优兇凶兒儿內内冊册劃划動动務务勢势唄呗問问" +
	"單单噹当國国圍围報报場场壯壮姦奸娛娱婦妇媽妈孃娘寫写屍尸崙仑師师帶带幣币幹干強强彈弹彔录後后復复" +
	"愛爱態态憑凭戀恋戲戏戶户掃扫掛挂搖摇擊击擬拟擾扰敎教於于時时會会東东査查棊棋業业榦干槍枪樂乐樓楼" +
	"機机檯台歸归殘残殺杀氣气沒没減减滅灭滾滚無无燒烧獵猎現现產产産产畢毕當当癡痴癬癣發发盡尽監监盤盘" +
	"盪荡眞真碼码磚砖祕秘稅税種种穢秽穩稳竊窃筆笔箇个約约級级結结絡络絲丝綁绑綫线網网綵彩線线緣缘繫系" +
	"羣群聯联職职聽听腦脑臺台萬万葯药蕩荡薦荐藝艺藥药蘿萝虛虚號号衕同裝装製制複复褻亵襪袜襲袭見见規规" +
	"視视計计記记註注証证詐诈試试話话該该誘诱誠诚誤误謀谋謬谬證证譽誉變变豐丰豬猪貓猫貨货販贩買买貸贷" +
	"資资賠赔賣卖賤贱賭赌賺赚購购賽赛贏赢車车軍军載载輕轻辦办迴回遊游過过遠远還还鄉乡醣糖醫医針针鉀钾" +
	"鉅巨鉆钻銀银銷销鋼钢錄录錢钱録录錶表鍼针鑽钻門门開开閤合陽阳隱隐雜杂電电韆千項项預预頭头頻频題题" +
	"額额颱台養养馬马騙骗騷骚體体髮发鬆松魚鱼鳳凤麼么麽么黃黄齣出"

// simplifiedForms maps the first of each pair to the second.
func simplifiedForms() map[rune]rune {
	m := map[rune]rune{}
	var from rune
	for _, r := range variants {
		if from == 0 {
			from = r
			continue
		}
		m[from], from = r, 0
	}
	return m
}
