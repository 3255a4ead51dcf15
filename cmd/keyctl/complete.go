package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// completionTime bounds how long a shell waits for key ids.
const completionTime = 2 * time.Second

// complete makes the shell offer values for a flag.
func complete(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder))
}

// completeIDs makes the shell offer the ids of the ring's keys, up to a number
// of arguments (0: any number), that want accepts (nil: all).
func (p *program) completeIDs(limit int, want func(keyView) bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		const none = cobra.ShellCompDirectiveNoFileComp
		if limit > 0 && len(args) >= limit {
			return nil, none
		}
		ctx, cancel := context.WithTimeout(context.Background(), completionTime)
		defer cancel()
		quiet := *p
		quiet.stderr = io.Discard // the person is typing
		l, err := quiet.read(ctx)
		if err != nil {
			return nil, none
		}
		var offers []string
		for _, v := range slices.Backward(viewAll(l, p.now())) { // the youngest first
			if v.ID == nil || slices.Contains(args, *v.ID) || want != nil && !want(v) {
				continue
			}
			about := v.State
			if v.Default {
				about = "default"
			}
			if v.ExpirationDate != nil {
				about += fmt.Sprintf(", expires %s", v.key.ExpirationDate.Format(time.DateOnly))
			}
			offers = append(offers, cobra.CompletionWithDesc(*v.ID, about))
		}
		return offers, none | cobra.ShellCompDirectiveKeepOrder
	}
}
