package workspace

import (
	"net"
	"testing"
)

// fakeListener gives a workspace without a server an address of its own.
func fakeListener(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}
