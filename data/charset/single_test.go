package charset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// singleByteTexts are running texts of languages, with the encodings they are to be
// told in and the number of characters from which the decision must be right.
var singleByteTexts = map[string]struct {
	text      string
	encodings []string
	least     int
}{
	"czech": {"Včera večer jsme šli na procházku k řece, kde jsme potkali staré přátele. Povídali jsme si o počasí, o knihách a o tom, že život " +
		"na vesnici je klidnější než ve městě. Později jsme seděli u ohně a zpívali písničky, každý vyprávěl své příběhy.", []string{"windows-1250", "iso-8859-2"}, 100},
	"polish": {"Wczoraj wieczorem poszliśmy na długi spacer nad rzeką, gdzie spotkaliśmy starych przyjaciół. Rozmawialiśmy o pogodzie, o książkach " +
		"i o tym, że życie na wsi jest spokojniejsze niż w mieście. Później śpiewaliśmy piosenki przy ognisku.", []string{"windows-1250", "iso-8859-2"}, 100},
	"hungarian": {"Tegnap este hosszú sétát tettünk a folyó partján, ahol régi barátokkal találkoztunk. Az időjárásról és könyvekről beszélgettünk, " +
		"később pedig a tűz mellett ültünk és énekeltünk, mindenki elmesélte a saját történeteit.", []string{"windows-1250"}, 110},
	"turkish": {"Dün akşam nehir kıyısında uzun bir yürüyüşe çıktık ve eski arkadaşlarımızla karşılaştık. Havadan, kitaplardan ve köydeki hayatın " +
		"şehirdekinden daha sakin olduğundan konuştuk. Sonra ateşin başına oturup şarkılar söyledik.", []string{"windows-1254"}, 100},
	"french": {"Hier soir nous avons fait une longue promenade au bord de la rivière où nous avons rencontré de vieux amis très âgés. L'été, les élèves " +
		"préfèrent rêver à la fenêtre, et le garçon a déjà mangé le gâteau à la crème.", []string{"windows-1252", "macintosh"}, 90},
	"spanish": {"El año pasado caminamos por la orilla del río, donde encontramos a unos viejos compañeros. Después hablamos de política, de música y del " +
		"corazón de la montaña; allí también está la estación más pequeña del país.", []string{"windows-1252"}, 90},
	"russian": {"Вчера вечером мы долго гуляли вдоль реки, где встретили старых друзей. Мы говорили о погоде, о книгах и о том, что жизнь в деревне " +
		"спокойнее, чем в городе. Потом сидели у костра и пели песни.", []string{"windows-1251", "koi8-r", "ibm866", "iso-8859-5"}, 60},
	"ukrainian": {"Учора ввечері ми довго гуляли біля річки, де зустріли старих друзів. Ми говорили про погоду, про книжки і про те, що життя в селі " +
		"спокійніше, ніж у місті.", []string{"windows-1251", "koi8-u"}, 100},
	"greek": {"Χθες το βράδυ κάναμε έναν μεγάλο περίπατο δίπλα στο ποτάμι, όπου συναντήσαμε παλιούς φίλους. Μιλήσαμε για τον καιρό, για βιβλία και " +
		"για τη ζωή στο χωριό.", []string{"windows-1253"}, 60},
	"lithuanian": {"Vakar vakare ilgai vaikščiojome palei upę, kur sutikome senų draugų. Kalbėjomės apie orą, apie knygas ir apie tai, kad gyvenimas " +
		"kaime ramesnis nei mieste. Vėliau sėdėjome prie laužo ir dainavome dainas, kiekvienas pasakojo savo istorijas.", []string{"windows-1257"}, 130},
}

// Any stretch of running text comes back as it was.
func TestSingleByteDetection(t *testing.T) {
	for lang, s := range singleByteTexts {
		for _, name := range s.encodings {
			t.Run(lang+"/"+name, func(t *testing.T) {
				rapid.Check(t, func(rt *rapid.T) {
					runes := []rune(strings.Repeat(s.text+"\n", 2))
					from := rapid.IntRange(0, len(runes)-s.least).Draw(rt, "from")
					n := rapid.IntRange(s.least, len(runes)-from).Draw(rt, "runes")
					text := string(runes[from : from+n])
					text = text[strings.IndexByte(text, ' ')+1 : strings.LastIndexByte(text, ' ')]
					got, d, err := Decode(encode(t, name, text), "")
					if err != nil || string(got) != text {
						rt.Fatalf("%q: %v, %v, %q", text, d, err, got)
					}
				})
			})
		}
	}
}

// The texts of testdata are in the encodings that their names say.
func TestSingleByteFiles(t *testing.T) {
	for file, want := range map[string]struct{ encoding, some string }{
		"cz1250.txt": {"windows-1250", "přátele"}, "pl1250.txt": {"windows-1250", "poszliśmy"},
		"tr1254.txt": {"windows-1254", "akşam"}, "frmac.txt": {"macintosh", "rivière"},
	} {
		raw, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		got, d, err := Decode(raw, "")
		if err != nil || d != (Decision{want.encoding, Detected}) || !strings.Contains(string(got), want.some) {
			t.Errorf("%s: %v, %v, %q", file, d, err, got)
		}
	}
}
