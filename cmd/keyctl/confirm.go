package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

// confirm asks whether to go on, after the preview. With yes it does not ask,
// and where nobody is there to ask, yes is required.
func (p *program) confirm(question string, yes bool) error {
	if yes {
		return nil
	}
	if !p.isTerminal(p.stdin) {
		return &failure{exitUsage, errors.New("no terminal to ask on: nothing was changed"), "--yes goes ahead without asking"}
	}
	fmt.Fprintf(p.stderr, "keyctl: %s [y/N] ", printable(question))
	answer, err := bufio.NewReader(p.stdin).ReadString('\n')
	if err != nil {
		fmt.Fprintln(p.stderr)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was changed")
}

// preview shows the keys at stake, at most a screenful.
func (p *program) preview(views []keyView) error {
	const screenful = 20
	hidden := 0
	if len(views) > screenful {
		views, hidden = views[:screenful], len(views)-screenful
	}
	if len(views) > 0 {
		if err := p.printKeys(p.stderr, views); err != nil {
			return err
		}
	}
	if hidden > 0 {
		p.note("… and %d more", hidden)
	}
	return nil
}

// countAre is count as the subject of "is" or "are".
func countAre(n int, one string) string {
	if n == 1 {
		return count(n, one) + " is"
	}
	return count(n, one) + " are"
}

// count is n of something.
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
