//go:build linux

// Package disk is a file system in memory that fails on demand, mounted by FUSE
// for a program under test. It knows what was made durable: a power cut takes
// everything else, file contents and names alike. Each operation can be made to
// fail, to be torn, to wait or to lie, and the whole can be full.
//
// It is as strict as POSIX lets a disk be: a new name is durable once its folder
// was fsynced, and content once the file was.
package disk

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// Kind is what an operation does.
type Kind int

// What can be made to fail.
const (
	Write   Kind = iota
	Sync         // fsync and fdatasync of a file
	SyncDir      // fsync of a folder
	Change       // of names, and of lengths by truncation
)

// Op is an operation that is about to happen.
type Op struct {
	Kind Kind
	Path string // below the root, without a slash in front
	Size int    // of a write
}

// Fault says what an operation does instead of succeeding. The zero value lets
// it happen.
type Fault struct {
	Errno syscall.Errno // what the caller gets
	Keep  int           // of a write that fails: how many bytes are written nevertheless
	Short bool          // a write says that only Keep bytes were written, which is no error
	Lie   bool          // a sync says that it was done, and was not
	Wait  time.Duration // before anything else
}

// Disk is the state that outlives mounts. All methods may be used at any time.
type Disk struct {
	mu     sync.Mutex // guards the following, and all nodes
	root   *folder
	off    bool  // cut: nothing works until Restore
	used   int64 // bytes of all files, as they are
	quota  int64 // 0: none
	nextID uint64
	syncs  int64
	fault  func(Op) Fault
}

// New makes an empty disk.
func New() *Disk {
	d := &Disk{}
	d.root = d.folder()
	return d
}

// node is a file or a folder.
type node interface{ number() uint64 }

// file has its content as it is read, and as a power cut leaves it.
type file struct {
	id    uint64
	data  []byte
	safe  []byte
	dirty map[int64]struct{} // sectors of data that safe does not have
	mode  uint32
	links int
}

// folder has its names as they are, and as a power cut leaves them.
type folder struct {
	id    uint64
	names map[string]node
	safe  map[string]node
}

func (f *file) number() uint64   { return f.id }
func (f *folder) number() uint64 { return f.id }

func (d *Disk) folder() *folder {
	d.nextID++
	return &folder{id: d.nextID, names: map[string]node{}, safe: map[string]node{}}
}

// SetFault installs what decides on each operation; nil lets all happen. It is
// called one operation at a time and must not use the Disk.
func (d *Disk) SetFault(fault func(Op) Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault = fault
}

// SetQuota makes the disk full at that many bytes; 0 takes the bound away.
func (d *Disk) SetQuota(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.quota = bytes
}

// Used gives the bytes of all files.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used
}

// Syncs counts the syncs of files that were asked for.
func (d *Disk) Syncs() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncs
}

// Cut takes the power: from now on everything fails, and what was not made
// durable is lost.
func (d *Disk) Cut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
}

// Restore gives the disk back as the cut left it. Nothing may be mounted. If
// chance is given, it decides for each sector and each name that was not made
// durable whether it was written nevertheless, as a disk's cache does; without
// it none was.
func (d *Disk) Restore(chance *rand.Rand) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off, d.fault, d.used = false, nil, 0
	d.restore(d.root, chance, map[node]bool{})
}

func (d *Disk) restore(f *folder, chance *rand.Rand, done map[node]bool) {
	kept := map[string]node{}
	for name, n := range f.safe {
		if f.names[name] == n || chance == nil || chance.IntN(2) == 0 {
			kept[name] = n
		}
	}
	for name, n := range f.names {
		if f.safe[name] != n && chance != nil && chance.IntN(2) == 0 {
			kept[name] = n
		}
	}
	f.names, f.safe = kept, copied(kept)
	for _, n := range kept {
		if done[n] {
			continue
		}
		done[n] = true
		switch n := n.(type) {
		case *folder:
			d.restore(n, chance, done)
		case *file:
			n.restore(chance)
			d.used += int64(len(n.data))
		}
	}
}

func copied(names map[string]node) map[string]node {
	all := make(map[string]node, len(names))
	for name, n := range names {
		all[name] = n
	}
	return all
}

func (f *file) restore(chance *rand.Rand) {
	for at := range f.dirty {
		if chance != nil && chance.IntN(2) == 0 {
			f.harden(at)
		}
	}
	f.dirty = map[int64]struct{}{}
	f.data = append([]byte(nil), f.safe...)
}

// harden makes one sector durable.
func (f *file) harden(at int64) {
	from := at * sector
	if from >= int64(len(f.data)) {
		return
	}
	to := min(from+sector, int64(len(f.data)))
	if grow := to - int64(len(f.safe)); grow > 0 {
		f.safe = append(f.safe, make([]byte, grow)...)
	}
	copy(f.safe[from:to], f.data[from:to])
}

// sync makes a file durable.
func (f *file) sync() {
	for at := range f.dirty {
		f.harden(at)
	}
	if len(f.safe) > len(f.data) {
		f.safe = f.safe[:len(f.data)]
	} else if grow := len(f.data) - len(f.safe); grow > 0 {
		f.safe = append(f.safe, make([]byte, grow)...)
	}
	clear(f.dirty)
}

// Export writes what a reader sees into an ordinary folder, to be looked at.
func (d *Disk) Export(to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return export(d.root, to)
}

func export(f *folder, to string) error {
	for name, n := range f.names {
		path := filepath.Join(to, name)
		switch n := n.(type) {
		case *folder:
			if err := os.MkdirAll(path, 0o700); err != nil {
				return err
			}
			if err := export(n, path); err != nil {
				return err
			}
		case *file:
			if err := os.WriteFile(path, n.data, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// Files lists the paths of all files as a reader sees them.
func (d *Disk) Files() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return list(d.root, "")
}

func list(f *folder, at string) (all []string) {
	for name, n := range f.names {
		if sub, ok := n.(*folder); ok {
			all = append(all, list(sub, at+name+"/")...)
		} else {
			all = append(all, at+name)
		}
	}
	return all
}
