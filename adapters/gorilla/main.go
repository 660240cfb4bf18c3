// gorilla/sessions over its FilesystemStore, the store on the server that it ships, as documented.
// recommended: HttpOnly, Secure, SameSite, 30 minutes, a __Host- name.
package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gorilla/sessions"
)

var (
	dir         = os.Getenv("KIT_DIR")
	recommended = os.Getenv("PROFILE") == "recommended"
	name        = "session-name"
	idle        = 2592000
	store       = sessions.NewFilesystemStore(dir, []byte("0123456789abcdef0123456789abcdef"))
)

func caps(w http.ResponseWriter, _ *http.Request) {
	json.NewEncoder(w).Encode(map[string]any{
		"name": "gorilla/sessions", "version": os.Getenv("VERSION"), "language": "Go",
		"cookie": name, "stats": true, "login": nil, "idle": idle, "absolute": nil,
		"ops": strings.Split("get put del clear destroy login logout whoami", " ")})
}

func stats(w http.ResponseWriter, _ *http.Request) {
	files, _ := filepath.Glob(dir + "/session_*")
	io.WriteString(w, strconv.Itoa(len(files)))
}

func gate(name string) {
	answer, err := http.Get("http://127.0.0.1:" + os.Getenv("KIT_GATE") + "/" + name)
	if err != nil {
		panic(err)
	}
	answer.Body.Close()
}

// One operation, and whether the session must be saved after it.
func one(s *sessions.Session, operation string) (result any, dirty bool) {
	part := append(strings.Split(operation, ":"), "", "")
	switch part[0] {
	case "gate":
		gate(part[1])
	case "throw":
		panic("the handler breaks")
	case "get":
		return s.Values[part[1]], false
	case "whoami":
		return s.Values["user"], false
	case "put":
		s.Values[part[1]] = part[2]
		return "ok", true
	case "login":
		s.Values["user"] = part[1]
		return "ok", true
	case "del":
		delete(s.Values, part[1])
		return "ok", true
	case "clear":
		for key := range s.Values {
			delete(s.Values, key)
		}
		return "ok", true
	case "destroy", "logout": // as documented
		options := *s.Options
		options.MaxAge = -1
		s.Options = &options
		return "ok", true
	default:
		return "unsupported", false
	}
	return "ok", false
}

func do(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	s, _ := store.Get(r, name)
	results := []any{}
	save := false
	for _, operation := range strings.Split(query.Get("ops"), ",") {
		result, dirty := one(s, operation)
		results = append(results, result)
		save = save || dirty
	}
	if cache := query.Get("cc"); cache != "" {
		w.Header().Set("Cache-Control", cache)
	}
	if save { // as documented: before anything is written
		if err := s.Save(r, w); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Kit-Session", s.ID) // the cookie has a stamp of time, too
	}
	if status, err := strconv.Atoi(query.Get("status")); err == nil {
		w.WriteHeader(status)
	}
	json.NewEncoder(w).Encode(results)
}

func main() {
	if recommended {
		name, idle = "__Host-session", 1800
		store.Options = &sessions.Options{
			Path: "/", MaxAge: idle, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
		store.MaxAge(idle)
	}
	http.HandleFunc("/caps", caps)
	http.HandleFunc("/stats", stats)
	http.HandleFunc("/", do)
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
