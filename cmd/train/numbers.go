package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// decimalFlags makes the whole-number flags of a command and of those below it read
// digits as the configuration does: 0100 is a hundred and 1_000 is no number. The
// flag package would read them as Go source.
func decimalFlags(cmd *cobra.Command) {
	wrap := func(f *pflag.Flag) {
		switch f.Value.Type() {
		case "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64",
			"intSlice", "int32Slice", "int64Slice", "uintSlice":
			f.Value = decimalValue{f.Value}
		}
	}
	cmd.LocalNonPersistentFlags().VisitAll(wrap)
	cmd.PersistentFlags().VisitAll(wrap)
	for _, c := range cmd.Commands() {
		decimalFlags(c)
	}
}

// decimalValue is a whole number without octal, or a list of them.
type decimalValue struct{ pflag.Value }

func (v decimalValue) Set(text string) error {
	if strings.Contains(text, "_") {
		return errors.New("write the number without underscores")
	}
	numbers := strings.Split(text, ",")
	for i, n := range numbers {
		digits := strings.TrimLeft(n, "+-")
		if bare := strings.TrimLeft(digits, "0"); bare != "" && bare[0] >= '0' && bare[0] <= '9' {
			numbers[i] = n[:len(n)-len(digits)] + bare
		}
	}
	return v.Value.Set(strings.Join(numbers, ","))
}
