//go:build unix && !linux && !darwin

package xmlrepo

import (
	"errors"
	"os"
)

// renameNoReplace fails: these systems have no rename that does not replace.
func renameNoReplace(*os.Root, string, string) error {
	return errors.ErrUnsupported
}
