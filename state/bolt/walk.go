package bolt

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The layout of a page (go.etcd.io/bbolt/internal/common/page.go): its number (8), flags (2), count (2), overflow (4);
// then elements of 16 bytes: of a branch position, key size (4 each) and child (8), of a leaf flags, position, key size
// and value size (4 each). The value of a leaf with bucketFlag begins with the root page of the bucket; 0 is inline.
const (
	branchFlag, leafFlag = 1, 2
	bucketFlag           = 1
	elementSize          = 16
	maxOverflow          = 1 << 16
)

// walker follows the branch pages of a file before bbolt does. bbolt follows a child that is its own ancestor until the
// stack of the process is used up, which no recover catches. It reads branch pages only, about one in a hundred, and
// not through the memory map.
type walker struct {
	file     io.ReaderAt
	pageSize int64
	pages    uint64
	branches map[uint64]bool
	low      []uint64 // children of the lowest branches; none may be a branch itself
}

// acyclic refuses a file whose pages do not form trees.
func acyclic(file io.ReaderAt, m meta) error {
	w := &walker{file: file, pageSize: m.pageSize, pages: m.pages, branches: map[uint64]bool{}}
	roots, err := w.roots(m.root)
	if err != nil {
		return err
	}
	for _, root := range roots {
		if err := w.tree(root); err != nil {
			return err
		}
	}
	for _, child := range w.low {
		if w.branches[child] {
			return fmt.Errorf("page %d is a branch where a leaf belongs", child)
		}
	}
	return nil
}

// page reads a whole page with its overflow and checks that it is what it says.
func (w *walker) page(id uint64) (b []byte, flags uint16, count int, err error) {
	if id < 2 || id >= w.pages {
		return nil, 0, 0, fmt.Errorf("page %d is outside of the file", id)
	}
	b = make([]byte, w.pageSize)
	if _, err := w.file.ReadAt(b, int64(id)*w.pageSize); err != nil {
		return nil, 0, 0, fmt.Errorf("page %d: %w", id, err)
	}
	order := binary.NativeEndian
	overflow := uint64(order.Uint32(b[12:]))
	if order.Uint64(b) != id || overflow > maxOverflow || id+overflow >= w.pages {
		return nil, 0, 0, fmt.Errorf("page %d is not what it says", id)
	}
	flags, count = order.Uint16(b[8:]), int(order.Uint16(b[10:]))
	if flags != branchFlag && flags != leafFlag {
		return nil, 0, 0, fmt.Errorf("page %d is neither a branch nor a leaf", id)
	}
	if overflow > 0 && (flags == branchFlag || pageHeader+count*elementSize > len(b)) {
		b = make([]byte, w.pageSize*int64(1+overflow))
		if _, err := w.file.ReadAt(b, int64(id)*w.pageSize); err != nil {
			return nil, 0, 0, fmt.Errorf("page %d: %w", id, err)
		}
	}
	if pageHeader+count*elementSize > len(b) {
		return nil, 0, 0, fmt.Errorf("page %d is too full", id)
	}
	return b, flags, count, nil
}

func children(b []byte, count int) []uint64 {
	ids := make([]uint64, count)
	for k := range ids {
		ids[k] = binary.NativeEndian.Uint64(b[pageHeader+k*elementSize+8:])
	}
	return ids
}

// roots lists the root pages of the buckets in the tree of buckets.
func (w *walker) roots(id uint64) ([]uint64, error) {
	b, flags, count, err := w.page(id)
	if err != nil {
		return nil, err
	}
	var all []uint64
	if flags == branchFlag {
		if w.branches[id] {
			return nil, fmt.Errorf("page %d has two parents", id)
		}
		w.branches[id] = true
		for _, child := range children(b, count) {
			roots, err := w.roots(child)
			if err != nil {
				return nil, err
			}
			all = append(all, roots...)
		}
		return all, nil
	}
	order := binary.NativeEndian
	for k := range count {
		at := pageHeader + k*elementSize
		if order.Uint32(b[at:])&bucketFlag == 0 {
			continue
		}
		value := at + int(order.Uint32(b[at+4:])) + int(order.Uint32(b[at+8:]))
		if value < 0 || value+8 > len(b) {
			return nil, fmt.Errorf("page %d has a bucket outside of itself", id)
		}
		if root := order.Uint64(b[value:]); root != 0 {
			all = append(all, root)
		}
	}
	return all, nil
}

// tree walks the branches of one bucket. Its leaves are all at one depth, so the first child of a branch says whether
// the others are leaves too.
func (w *walker) tree(id uint64) error {
	b, flags, count, err := w.page(id)
	if err != nil || flags == leafFlag {
		return err
	}
	if w.branches[id] {
		return fmt.Errorf("page %d has two parents", id)
	}
	w.branches[id] = true
	if count == 0 {
		return fmt.Errorf("page %d is an empty branch", id)
	}
	below := children(b, count)
	for _, child := range below {
		if child < 2 || child >= w.pages {
			return fmt.Errorf("page %d is outside of the file", child)
		}
	}
	_, flags, _, err = w.page(below[0])
	if err != nil {
		return err
	}
	if flags == leafFlag {
		w.low = append(w.low, below...)
		return nil
	}
	for _, child := range below {
		if err := w.tree(child); err != nil {
			return err
		}
	}
	return nil
}
