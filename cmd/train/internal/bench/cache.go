package bench

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// usualCache is taken for the largest cache where the system does not tell.
const usualCache = 32 << 20

// cachedBytes is up to where operands are taken to stay in a cache from one call
// to the next: twice the largest cache of the first processor, as Linux describes
// it below the given folder. Beyond, a pass from end to end finds next to nothing
// of the pass before.
func cachedBytes(folder string) float64 {
	files, _ := filepath.Glob(filepath.Join(folder, "index*", "size")) // the pattern is well formed
	largest := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		kib, whole := strings.CutSuffix(strings.TrimSpace(string(data)), "K")
		if n, err := strconv.Atoi(kib); err == nil && whole {
			largest = max(largest, n<<10)
		}
	}
	if largest == 0 {
		largest = usualCache
	}
	return 2 * float64(largest)
}

// cacheFolder is where Linux describes the caches.
const cacheFolder = "/sys/devices/system/cpu/cpu0/cache"
