package kerneltest

import (
	"testing"

	"huihai/kernels"
)

// cases are the checks of one device.
var cases = []struct {
	name string
	run  func(*testing.T, kernels.Device)
}{
	{"MatMul", testMatMul},
	{"MatMuls", testMatMuls},
	{"MatMulChain", testMatMulChain},
	{"MatMulRandom", testMatMulRandom},
	{"Stored", testStored},
	{"StoredMisuse", testStoredMisuse},
	{"Vectors", testVectors},
	{"BF16Copy", testBF16Copy},
	{"SumSquares", testSumSquares},
	{"SwiGLU", testSwiGLU},
	{"AdamW", testAdamW},
	{"SparseRows", testSparseRows},
	{"AdamW8", testAdamW8},
	{"Lion", testLion},
	{"Adafactor", testAdafactor},
	{"RMSNorm", testRMSNorm},
	{"RowNormalize", testRowNormalize},
	{"Rotary", testRotary},
	{"Embedding", testEmbedding},
	{"Attention", testAttention},
	{"AttentionRandom", testAttentionRandom},
	{"AttentionPrefix", testAttentionPrefix},
	{"AttentionDocuments", testAttentionDocuments},
	{"HeadLoss", testHeadLoss},
	{"TokenSplit", testTokenSplit},
	{"Large", testLarge},
}

// Run checks a device. open starts one with the given number of threads, or with
// whatever it has when it knows no threads.
func Run(t *testing.T, open func(threads int) kernels.Device) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dev := open(2)
			defer closeDevice(t, dev)
			c.run(t, dev)
		})
	}
	t.Run("Threads", func(t *testing.T) { testThreads(t, open) })
}

func closeDevice(t *testing.T, dev kernels.Device) {
	t.Helper()
	if err := dev.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
