package main

import "github.com/spf13/cobra"

// verbs lists the commands in the order of the help page. Add a verb by writing
// its file and naming it here.
func verbs() []*cobra.Command {
	return []*cobra.Command{
		newQuickstartCmd(),
		newDataCmd(),
		newTokenizerCmd(),
		newPretrainCmd(),
		newPlanCmd(),
		newReplayCmd(),
		newExplainCmd(),
		newRerunCmd(),
		newDashboardCmd(),
		newConfigCmd(),
		newGenerateCmd(),
		newLogprobsCmd(),
		newDebugCmd(),
		newBenchCmd(),
		newVersionCmd(),
	}
}
