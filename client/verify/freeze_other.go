//go:build !unix

package verify

import "errors"

// Freeze stops the server where it is.
func (c *Child) Freeze() error { return errors.ErrUnsupported }

// Thaw lets it go on.
func (c *Child) Thaw() error { return errors.ErrUnsupported }
