package statuspage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// policy lets a page do nothing but look: no scripts, no frames, nothing from elsewhere.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// served is the whole site at one moment, by path. A path is looked up and never opened, so none leads out of it.
type served struct {
	files map[string]File
	tags  map[string]string
}

func serving(files []File) *served {
	s := &served{files: map[string]File{}, tags: map[string]string{}}
	for _, f := range files {
		sum := sha256.Sum256(f.Body)
		s.files[f.Name], s.tags[f.Name] = f, `"`+hex.EncodeToString(sum[:12])+`"`
	}
	return s
}

// ServeHTTP answers GET and HEAD of paths under the page's root; the caller strips what stands before it. It answers from
// memory: the page that drbot serves is right even while its directory cannot be written.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Security-Policy", policy)
	head.Set("Referrer-Policy", "no-referrer")
	site := s.files.Load()
	if site == nil {
		head.Set("Retry-After", "1")
		head.Set("Cache-Control", "no-store")
		http.Error(w, "The status page is being made.", http.StatusServiceUnavailable)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	file, ok := site.files[name]
	if !ok {
		head.Set("Cache-Control", "no-store")
		http.Error(w, "There is no such page.", http.StatusNotFound)
		return
	}
	head.Set("Content-Type", file.Type)
	head.Set("ETag", site.tags[name])
	head.Set("Cache-Control", "public, max-age=15")
	if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".atom") {
		head.Set("Access-Control-Allow-Origin", "*") // it is public, and made to be read by others' programs
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.Body))
}
