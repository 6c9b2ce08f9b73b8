package charset

// The lists hold what is frequent in running text, so that a wrong decoding,
// which yields characters from all over a code table, can be told from a right
// one. They were counted in open Chinese text (documentation, law, dialogue,
// classics); the traditional forms are those of the simplified list.

// commonHan are the 600 most frequent characters of simplified Chinese text.
const commonHan = "的一和是人以有可在不我个能用为中了这生于行要来之如们数你对法成方文也下时学等工自其作上大提会地他理发据子到出多定更而关好" +
	"分过公使些进保并应动同通物力或您国高需将者机问题种化天与面果本现重体型解性得智事无加最类技模度后合它实相家年意量经开从情" +
	"然所程常间此因新当业语日请信式小建环主助司代务么术心计表产系习明入例全水持展件活元着制供目名算取处都何点帮民正品任安想前" +
	"外言还知感器内说设则具息字确及月影包里道该气未利非交变被结决那源比三但电美求长章风平效特境己起案给写科集标受很回去第让由" +
	"权基就支认网指创议统海云测身户市样推什手社流部食接存金少选参够两曲领识原注医别期单球看项放做花试二强见色位格导已告世向质" +
	"规域示评共服护山先列每故空诗深括场准适游调响改乐断判健区只容置义练运曰输李管复根述没减考思各造节资带次篇院王序话备首且条" +
	"步词形观员诉疗教值政车传总证许立训组构号广论神态界清康图便吗光商增预配验完儿景十随择限视致简引价望记码功始优约难快欢音东" +
	"直令称查收太采答况整白病口兮书反西声今律历句张维喜足达至客几命找爱城再施治五续排温速星战极门万头必款线路阳率象素析研段四" +
	"获马像歌料满德旅联越险编专打转老即她夫南消易否害尽执北君染究才师某索费失斯哪精台华积片微春污远独修真史审策责江角较状含离" +
	"裁把听轻近终符益女切络低报英细互虑营充布友免候又夜依寻际香探希古戏除士味似控读仅兴周协善热显药照描享载落装谢怎买克觉飞红"

// commonTraditional are the traditional forms that differ from those.
const commonTraditional = "個爲這於來們數對時學會髮據關過進並應動國將機問題種與現體無類後實經開從間當業語請環務麼術計產習處點幫還內說設則確裏該氣變" +
	"結決電長風給寫標讓權認網創議統雲測戶樣選參夠兩領識醫別單項試強見導質規評護詩場準適遊調響樂斷區義練運輸復沒減節資帶話備條" +
	"詞觀員訴療車傳總證許訓組構號廣論態圖嗎預驗兒隨擇視簡價記碼優約難歡東稱採況書聲歷張維達幾愛續溫戰極門萬頭線陽獲馬滿聯險編" +
	"專轉盡執師費臺華積遠獨審責較狀離聽輕終絡報細慮營尋際戲讀僅興協熱顯藥載裝謝買覺飛紅"

// commonHangul are frequent syllables of Korean text.
const commonHangul = "이다는을의가에고하지은도한로기를사시어리자나인아대일들그있수정으서해게보라부전국제주장만것상조" +
	"원과성구면관공여진민적안유여생세연소경니문용동학선위계화방재차비년발무모미회실개내중신우음말할본행호오" +
	"거스트드간건치던았었습없됩함입니까요합때더었된명업물체점음반결현입양각변통심판외"
