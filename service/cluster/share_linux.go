package cluster

import "golang.org/x/sys/unix"

const shareOption = unix.SO_REUSEADDR
