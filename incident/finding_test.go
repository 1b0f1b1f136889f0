package incident

import "testing"

func TestAReasonIsNoListingOfFiles(t *testing.T) {
	for output, want := range map[string]string{
		"users: 14 damaged pages\n": "users: 14 damaged pages",
		"users: 14 damaged pages\n-rw-r--r-- 1 0 0 1585152 Nov 25 14:33 users.db\n":      "users: 14 damaged pages",
		"total 8\ndrwxr-xr-x. 2 root root 4096 Nov 25 14:33 old\n-rw------- 1 0 0 1 a\n": "",
		"":               "",
		"total writes 8": "total writes 8",
	} {
		if got := finding(output); got != want {
			t.Errorf("%q gives %q", output, got)
		}
	}
}
