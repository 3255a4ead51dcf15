package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

func (p *program) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	cmd := &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a script that completes commands, flags and key ids",
		Long: `Print a script for a shell that completes commands, flags and the ids of the keys
in the ring. That for bash needs the package bash-completion.`,
		Example: `  source <(keyctl completion bash)
  keyctl completion zsh > "${fpath[1]}/_keyctl"
  keyctl completion fish > ~/.config/fish/completions/keyctl.fish
  keyctl completion powershell | Out-String | Invoke-Expression`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				return usagef("which shell? One of bash, zsh, fish, powershell")
			}
			return nil
		},
		ValidArgsFunction: cobra.FixedCompletions(shells, cobra.ShellCompDirectiveNoFileComp),
	}
	cmd.RunE = p.action(func(_ context.Context, args []string) error {
		root := cmd.Root()
		switch args[0] {
		case "bash":
			return root.GenBashCompletionV2(p.stdout, true)
		case "zsh":
			return root.GenZshCompletion(p.stdout)
		case "fish":
			return root.GenFishCompletion(p.stdout, true)
		case "powershell":
			return root.GenPowerShellCompletionWithDesc(p.stdout)
		}
		return fmt.Errorf("no completion for %s", args[0])
	})
	return cmd
}
