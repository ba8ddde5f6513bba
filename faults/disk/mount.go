//go:build linux

package disk

import (
	"context"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// Mount mounts the disk on an empty folder. It takes root and /dev/fuse. The
// process that mounts must not look into the mount itself: it would wait for its
// own answer. Others may, and unmount ends it when they are gone.
func (d *Disk) Mount(at string) (unmount func() error, err error) {
	forever := time.Hour // all changes come through this mount
	server, err := fs.Mount(at, &folderNode{d: d, folder: d.root}, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "faulty", MaxWrite: 1 << 20, Options: []string{"default_permissions"}},
		AttrTimeout:  &forever, EntryTimeout: &forever, NegativeTimeout: &forever,
		RootStableAttr: &fs.StableAttr{Ino: d.root.id, Mode: syscall.S_IFDIR},
	})
	if err != nil {
		return nil, err
	}
	return func() error {
		var err error
		for range 100 { // a program that was killed may still be letting go
			if err = server.Unmount(); err == nil {
				return nil
			}
			time.Sleep(20 * time.Millisecond)
		}
		return err
	}, nil
}

// Available tells why Mount cannot work here; nil if it can.
func Available() error {
	if os.Geteuid() != 0 {
		return os.ErrPermission
	}
	f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// ask asks whether an operation may happen. The caller holds the lock, which is
// given back while the operation has to wait.
func (d *Disk) ask(op Op) Fault {
	if d.off {
		return Fault{Errno: syscall.EIO}
	}
	if d.fault == nil {
		return Fault{}
	}
	fault := d.fault(op)
	if fault.Wait > 0 {
		d.mu.Unlock()
		time.Sleep(fault.Wait)
		d.mu.Lock()
		if d.off {
			return Fault{Errno: syscall.EIO}
		}
	}
	return fault
}

type folderNode struct {
	fs.Inode
	d      *Disk
	folder *folder
}

var (
	_ fs.NodeLookuper  = (*folderNode)(nil)
	_ fs.NodeReaddirer = (*folderNode)(nil)
	_ fs.NodeCreater   = (*folderNode)(nil)
	_ fs.NodeMkdirer   = (*folderNode)(nil)
	_ fs.NodeUnlinker  = (*folderNode)(nil)
	_ fs.NodeRmdirer   = (*folderNode)(nil)
	_ fs.NodeRenamer   = (*folderNode)(nil)
	_ fs.NodeFsyncer   = (*folderNode)(nil)
	_ fs.NodeGetattrer = (*folderNode)(nil)
	_ fs.NodeSetattrer = (*folderNode)(nil)
)

func (n *folderNode) path(name string) string {
	if at := n.Path(nil); at != "" {
		return at + "/" + name
	}
	return name
}

// child makes the inode of a node. The caller holds the lock.
func (n *folderNode) child(ctx context.Context, c node, out *fuse.EntryOut) *fs.Inode {
	switch c := c.(type) {
	case *folder:
		out.Mode, out.Nlink = syscall.S_IFDIR|0o700, 2
		return n.NewInode(ctx, &folderNode{d: n.d, folder: c}, fs.StableAttr{Ino: c.id, Mode: syscall.S_IFDIR})
	case *file:
		c.attr(&out.Attr)
		return n.NewInode(ctx, &fileNode{d: n.d, file: c}, fs.StableAttr{Ino: c.id, Mode: syscall.S_IFREG})
	}
	return nil
}

// Lookup finds a name.
func (n *folderNode) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	c, ok := n.folder.names[name]
	if n.d.off {
		return nil, syscall.EIO
	}
	if !ok {
		return nil, syscall.ENOENT
	}
	return n.child(ctx, c, out), 0
}

// Readdir lists the names.
func (n *folderNode) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	var entries []fuse.DirEntry
	for name, c := range n.folder.names {
		mode := uint32(syscall.S_IFREG)
		if _, ok := c.(*folder); ok {
			mode = syscall.S_IFDIR
		}
		entries = append(entries, fuse.DirEntry{Name: name, Ino: c.number(), Mode: mode})
	}
	slices.SortFunc(entries, func(a, b fuse.DirEntry) int { return int(a.Ino) - int(b.Ino) })
	return fs.NewListDirStream(entries), 0
}

// Create makes a file and opens it.
func (n *folderNode) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	if fault := n.d.ask(Op{Kind: Change, Path: n.path(name)}); fault.Errno != 0 {
		return nil, nil, 0, fault.Errno
	}
	n.d.nextID++
	f := &file{id: n.d.nextID, dirty: map[int64]struct{}{}, mode: mode & 0o777, links: 1}
	n.folder.names[name] = f
	return n.child(ctx, f, out), nil, 0, 0
}

// Mkdir makes a folder.
func (n *folderNode) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	if fault := n.d.ask(Op{Kind: Change, Path: n.path(name)}); fault.Errno != 0 {
		return nil, fault.Errno
	}
	f := n.d.folder()
	n.folder.names[name] = f
	return n.child(ctx, f, out), 0
}

// Unlink takes a file's name away.
func (n *folderNode) Unlink(_ context.Context, name string) syscall.Errno { return n.remove(name) }

// Rmdir takes an empty folder away.
func (n *folderNode) Rmdir(_ context.Context, name string) syscall.Errno { return n.remove(name) }

func (n *folderNode) remove(name string) syscall.Errno {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	if fault := n.d.ask(Op{Kind: Change, Path: n.path(name)}); fault.Errno != 0 {
		return fault.Errno
	}
	if sub, ok := n.folder.names[name].(*folder); ok && len(sub.names) > 0 {
		return syscall.ENOTEMPTY
	}
	n.d.drop(n.folder.names[name])
	delete(n.folder.names, name)
	return 0
}

// drop gives back the room of a file that loses its name.
func (d *Disk) drop(c node) {
	if f, ok := c.(*file); ok {
		if f.links--; f.links == 0 {
			d.used -= int64(len(f.data))
		}
	}
}

// Rename moves a name.
func (n *folderNode) Rename(_ context.Context, name string, to fs.InodeEmbedder, newName string, _ uint32) syscall.Errno {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	target, ok := to.(*folderNode)
	if !ok {
		return syscall.EXDEV
	}
	if fault := n.d.ask(Op{Kind: Change, Path: target.path(newName)}); fault.Errno != 0 {
		return fault.Errno
	}
	if before, there := target.folder.names[newName]; there {
		n.d.drop(before)
	}
	target.folder.names[newName] = n.folder.names[name]
	delete(n.folder.names, name)
	return 0
}

// Fsync makes the names durable.
func (n *folderNode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.d.mu.Lock()
	defer n.d.mu.Unlock()
	fault := n.d.ask(Op{Kind: SyncDir, Path: n.Path(nil)})
	if fault.Errno == 0 && !fault.Lie {
		n.folder.safe = copied(n.folder.names)
	}
	return fault.Errno
}

// Getattr tells what it is.
func (n *folderNode) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode, out.Nlink, out.Ino = syscall.S_IFDIR|0o700, 2, n.folder.id
	return 0
}

// Setattr takes modes and times as they come: nobody here asks for them.
func (n *folderNode) Setattr(ctx context.Context, f fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	return n.Getattr(ctx, f, out)
}
