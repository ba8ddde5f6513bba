// Package fdlimit raises the number of files and sockets that the process may
// have open. Each chat connection is one descriptor, and the usual soft limit
// of 1024 is a small room. It imports nothing of ours.
package fdlimit

// Low is below what a busy server needs: worth a word at start.
const Low = 8192
