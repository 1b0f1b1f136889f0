package runbook

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// A copy destroys what stands under its target's name. Whether something stands there no text shows; what it shows is whether the name is that of
// living data or settings, and whether the name says that the file is a copy itself.

var (
	livingPlace = regexp.MustCompile(`^/(?:var/lib|etc|usr|boot|srv|opt|data|dev|home|root|proc|sys)(?:/|$)|\.(?:db|sqlite3?|rdb|aof|mdb|conf|cnf|ya?ml|toml|ini|env|pem|key|service)$`)
	copyPlace   = regexp.MustCompile(`(?i)backup|quarantine|evidence|/tmp/|\btmp|temp|\.new$|restor|partial|undo|export|aside|archive|snapshot|\.(?:bak|old|orig|copy|corrupted|gz|tar|log|txt|out|dump|sql)$`)
)

// livesThere says that a name is that of living data or settings. A name whose last part is not written out says nothing.
func livesThere(name string) bool {
	return livingPlace.MatchString(name) && !copyPlace.MatchString(name) && name != "/dev/null"
}

// overwrites says that a program replaces living data: by a copy, an unpacked archive, a deletion of what the source does not have.
func overwrites(name string, rest []string) bool {
	flag := func(names ...string) bool {
		return slices.ContainsFunc(rest, func(w string) bool {
			return slices.ContainsFunc(names, func(n string) bool {
				return w == n || strings.HasPrefix(n, "--") && strings.HasPrefix(w, n+"=") || len(n) == 2 && len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.Contains(w, n[1:])
			})
		})
	}
	var words []string
	for _, w := range rest {
		if !strings.HasPrefix(w, "-") {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return false
	}
	to := words[len(words)-1]
	switch name {
	case "cp", "install", "scp":
		if name == "cp" && (flag("-n", "--no-clobber", "--backup", "-b") || slices.Contains(rest, "--update=none")) {
			return false
		}
		for i, w := range rest {
			if (w == "-t" || w == "--target-directory") && i+1 < len(rest) {
				to = rest[i+1]
			} else if d, ok := strings.CutPrefix(w, "--target-directory="); ok {
				to = d
			}
		}
		return len(words) > 1 && (livesThere(to) || strings.HasSuffix(to, "/") && slices.ContainsFunc(words, func(from string) bool { return from != to && livesThere(to+path.Base(from)) }))
	case "rsync":
		return flag("--delete", "--delete-after", "--delete-before", "--delete-excluded", "--remove-source-files") || len(words) > 1 && livesThere(to) && !flag("--ignore-existing")
	case "tee":
		return !flag("-a", "--append") && slices.ContainsFunc(words, livesThere)
	case "ln":
		return flag("-f", "--force") && livesThere(to)
	case "tar":
		return flag("--remove-files") || unpacks(rest)
	case "wget":
		return flag("--method", "--post-data", "--post-file", "--body-data", "--body-file") || slices.ContainsFunc(after(rest, "-O", "--output-document", "-P", "--directory-prefix"), livesThere)
	case "pg_dump", "pg_dumpall":
		return slices.ContainsFunc(after(rest, "-f", "--file"), livesThere)
	case "cpio":
		return flag("-i", "--extract")
	case "apt", "apt-get", "yum", "dnf", "pip", "npm":
		return slices.ContainsFunc(words, saysDeed)
	case "unzip":
		return flag("-o")
	case "split", "gzip", "gunzip":
		return flag("-f", "--force")
	}
	return false
}

// after gives the values of options that take the next word or what stands behind =.
func after(rest []string, names ...string) []string {
	var out []string
	for i, w := range rest {
		name, value, has := strings.Cut(w, "=")
		switch {
		case !slices.Contains(names, name):
		case has:
			out = append(out, value)
		case i+1 < len(rest):
			out = append(out, rest[i+1])
		}
	}
	return out
}

// unpacks says that tar puts files where others may stand: anywhere but in a place for copies, unless it keeps them.
func unpacks(rest []string) bool {
	extract := strings.Contains(strings.TrimLeft(rest[0], "-"), "x") && !strings.HasPrefix(rest[0], "--") && rest[0] != "-C"
	for _, w := range rest {
		extract = extract || w == "--extract" || w == "--get" || len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.Contains(w, "x")
	}
	if !extract || slices.ContainsFunc(rest, func(w string) bool {
		return slices.Contains(strings.Fields("--keep-old-files --skip-old-files --to-stdout"), w) || len(w) > 1 && w[0] == '-' && w[1] != '-' && strings.ContainsAny(w, "kO")
	}) {
		return false
	}
	to := after(rest, "-C", "--directory")
	return len(to) == 0 || slices.ContainsFunc(to, func(w string) bool { return livesThere(w) || w == "/" })
}
