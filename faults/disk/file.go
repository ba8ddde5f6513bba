//go:build linux

package disk

import (
	"context"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

type fileNode struct {
	fs.Inode
	d    *Disk
	file *file
}

var (
	_ fs.NodeOpener    = (*fileNode)(nil)
	_ fs.NodeReader    = (*fileNode)(nil)
	_ fs.NodeWriter    = (*fileNode)(nil)
	_ fs.NodeFsyncer   = (*fileNode)(nil)
	_ fs.NodeFlusher   = (*fileNode)(nil)
	_ fs.NodeGetattrer = (*fileNode)(nil)
	_ fs.NodeSetattrer = (*fileNode)(nil)
)

func (f *file) attr(out *fuse.Attr) {
	out.Mode, out.Nlink, out.Ino = syscall.S_IFREG|f.mode, uint32(max(f.links, 0)), f.id
	out.Size, out.Blocks, out.Blksize = uint64(len(f.data)), uint64(len(f.data)+sector-1)/sector, 4096
}

// Open opens the file.
func (n *fileNode) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

// Flush is what a close does: it makes nothing durable.
func (n *fileNode) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

// Read gives the content as it is.
func (n *fileNode) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	if n.d.off {
		return nil, syscall.EIO
	}
	if off >= int64(len(n.file.data)) {
		return fuse.ReadResultData(nil), 0
	}
	return fuse.ReadResultData(dest[:copy(dest, n.file.data[off:])]), 0
}

// Write changes the content; it is not durable by that.
func (n *fileNode) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	fault := n.d.ask(Op{Kind: Write, Path: n.Path(nil), Size: len(data)})
	room := n.d.room(n.file, off)
	if fault.Errno == 0 && !fault.Short {
		if int64(len(data)) <= room {
			n.put(data, off)
			return uint32(len(data)), 0
		}
		if room <= 0 {
			return 0, syscall.ENOSPC
		}
		n.put(data[:room], off) // as a disk does, to the last byte
		return uint32(room), 0
	}
	if part := min(fault.Keep, len(data)); part > 0 && int64(part) <= room {
		n.put(data[:part], off)
		if fault.Short {
			return uint32(part), 0
		}
	}
	if fault.Errno == 0 {
		fault.Errno = syscall.EIO
	}
	return 0, fault.Errno
}

// room is how many bytes can be written from off on.
func (d *Disk) room(f *file, off int64) int64 {
	if d.quota == 0 {
		return 1 << 62
	}
	return int64(len(f.data)) - off + max(d.quota-d.used, 0)
}

func (n *fileNode) put(data []byte, off int64) {
	end := off + int64(len(data))
	n.grow(end)
	copy(n.file.data[off:], data)
	for at := off / sector; at*sector < end; at++ {
		n.file.dirty[at] = struct{}{}
	}
}

func (n *fileNode) grow(end int64) {
	if more := end - int64(len(n.file.data)); more > 0 {
		n.file.data = append(n.file.data, make([]byte, more)...)
		n.d.used += more
	}
}

// Fsync makes the content durable. One that fails leaves what was to be written
// neither durable nor noted as unwritten, as Linux does: a later one that
// succeeds says nothing about it.
func (n *fileNode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	n.d.syncs++
	fault := n.d.ask(Op{Kind: Sync, Path: n.Path(nil)})
	switch {
	case fault.Errno != 0:
		clear(n.file.dirty)
	case !fault.Lie:
		n.file.sync()
	}
	return fault.Errno
}

// Getattr tells what it is.
func (n *fileNode) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	n.file.attr(&out.Attr)
	return 0
}

// Setattr cuts the file off or lets it grow; what else it sets is noted alone.
func (n *fileNode) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	if mode, ok := in.GetMode(); ok {
		n.file.mode = mode & 0o777
	}
	if size, ok := in.GetSize(); ok {
		if fault := n.d.ask(Op{Kind: Change, Path: n.Path(nil)}); fault.Errno != 0 {
			return fault.Errno
		}
		from := int64(len(n.file.data))
		if int64(size) > from {
			if int64(size) > from+n.d.room(n.file, from) {
				return syscall.ENOSPC
			}
			n.grow(int64(size))
		} else {
			n.d.used -= from - int64(size)
			n.file.data = n.file.data[:size]
			for at := int64(size) / sector; at*sector < from; at++ {
				n.file.dirty[at] = struct{}{} // zeros, should it grow again
			}
		}
	}
	n.file.attr(&out.Attr)
	return 0
}
