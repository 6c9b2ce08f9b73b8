package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"huihai/telemetry/dash"
)

// minToken is the shortest token that a file may hold, in characters.
const minToken = 16

func newDashboardCmd() *cobra.Command {
	var listen, tokenFile string
	cmd := &cobra.Command{
		Use:   "dashboard RUN... [--listen PORT|HOST:PORT]",
		Short: "Show runs in a browser, while they train and afterwards",
		Long: "Serves a page with the curves of one or several run folders, side by side, until Ctrl-C\n" +
			"or SIGTERM ends it. Nothing in the folders is changed; runs may be going on, stopped or\n" +
			"failed. A port alone is reachable from this machine only; any other address asks for a\n" +
			"token, which stands in the printed address. /metrics is for Prometheus.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("train dashboard needs a run folder, the train.output_dir of a run; see: train dashboard --help")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "8080", "port on this machine (0: a free one), or HOST:PORT")
	cmd.Flags().StringVar(&tokenFile, "token-file", "", "file with the token for HOST:PORT (default: a new random one)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return serveRuns(cmd, args, listen, tokenFile) }
	return cmd
}

func serveRuns(cmd *cobra.Command, runs []string, listen, tokenFile string) error {
	if err := dash.CheckAddress(listen, "--listen"); err != nil {
		return usageError{err}
	}
	var problems []error
	for _, dir := range runs {
		problems = append(problems, dash.Check(dir))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	opts := dash.Options{Flag: "--listen"}
	if tokenFile != "" {
		var err error
		if opts.Token, err = readToken(tokenFile); err != nil {
			return err
		}
	}
	s, err := dash.Listen(cmd.Context(), listen, runs, opts)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "dashboard: %s\n  Ctrl-C ends it; the runs are not touched\n", s.URL())
	return s.Wait() // interrupted, it has ended well
}

// readToken returns the first word of a file.
func readToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	words := strings.Fields(string(text))
	if len(words) != 1 || len(words[0]) < minToken {
		return "", fmt.Errorf("--token-file %q must hold one word of at least %d characters, such as openssl rand -hex 16 prints", path, minToken)
	}
	return words[0], nil
}
