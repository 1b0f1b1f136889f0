package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The meta page of bbolt (go.etcd.io/bbolt/internal/common/meta.go), in the byte order of the machine: magic, version,
// page size, flags (4 bytes each); root page, root sequence, freelist page, high water page, transaction, checksum (8).
const (
	pageHeader = 16
	metaSize   = 64
	metaMagic  = 0xED0CDAED
)

type meta struct {
	pageSize         int64
	root, pages, txn uint64
}

func readMeta(f io.ReaderAt, at int64) (meta, bool) {
	b := make([]byte, metaSize)
	if _, err := f.ReadAt(b, at+pageHeader); err != nil {
		return meta{}, false
	}
	order := binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(b[:56])
	m := meta{
		pageSize: int64(order.Uint32(b[8:])), root: order.Uint64(b[16:]), pages: order.Uint64(b[40:]), txn: order.Uint64(b[48:]),
	}
	ok := order.Uint32(b) == metaMagic && order.Uint64(b[56:]) == sum.Sum64() && m.pageSize >= 512 && m.pageSize <= 1<<20
	return m, ok
}

// sound refuses a file that is shorter than its newest meta page says (bbolt would map what is not there and fault), or
// whose pages lead into one another in a circle.
func sound(f *os.File) error {
	st, err := f.Stat()
	if err != nil || st.Size() == 0 {
		return err
	}
	newest, ok := readMeta(f, 0)
	for _, at := range []int64{4096, newest.pageSize, 8192, 16384, 65536} {
		if m, good := readMeta(f, at); good && m.pageSize == at && (!ok || m.txn > newest.txn) {
			newest, ok = m, true
		}
	}
	if !ok {
		return damaged(errors.New("neither of its meta pages is whole"))
	}
	if want := int64(newest.pages) * newest.pageSize; newest.pages > 1<<40 || st.Size() < want {
		return damaged(fmt.Errorf("it has %d bytes and should have %d", st.Size(), want))
	}
	if err := acyclic(f, newest); err != nil {
		return damaged(err)
	}
	return nil
}
