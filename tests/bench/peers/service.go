// The same two operations as an HTTPS service in Go with pgx: what a college
// would build instead.  A pool, prepared statements (pgx's default), the peer's
// certificate demanded and looked at as zhibud does, replies with a length.
package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/jackc/pgx/v4/pgxpool"
)

const cast = `SELECT receipt FROM call.cast_ballot(NULL, NULL, NULL, NULL, NULL,
	$1, $2, $3, $4)`
const sheet = `SELECT row_to_json(r)::text FROM call.show_evaluation($1, $2, NULL, NULL,
	NULL, $3) r`

// []byte is base64 in JSON.
type ballot struct {
	SessionID string `json:"session_id"`
	Token     []byte `json:"token"`
	Sealed    []byte `json:"sealed"`
	Signature []byte `json:"signature"`
}
type receipt struct {
	Receipt []byte `json:"receipt"`
}

func reply(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

func main() {
	address := flag.String("listen", "", "address")
	url := flag.String("db", "", "database")
	certificate := flag.String("cert", "", "server's certificate")
	key := flag.String("key", "", "its key")
	authority := flag.String("authority", "", "who signs clients")
	flag.Parse()

	pool, err := pgxpool.Connect(context.Background(), *url)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/cast", func(w http.ResponseWriter, r *http.Request) {
		var b ballot
		if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var got receipt
		err := pool.QueryRow(r.Context(), cast, b.SessionID, b.Token, b.Sealed,
			b.Signature).Scan(&got.Receipt)
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		body, _ := json.Marshal(got)
		reply(w, body)
	})
	http.HandleFunc("/sheet", func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			http.Error(w, "certificate needed", http.StatusUnauthorized)
			return
		}
		fp := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
		q := r.URL.Query()
		var body string
		err := pool.QueryRow(r.Context(), sheet, fp[:], q.Get("acting"),
			q.Get("application")).Scan(&body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		reply(w, []byte(body))
	})

	pem, err := os.ReadFile(*authority)
	if err != nil {
		log.Fatal(err)
	}
	pool509 := x509.NewCertPool()
	pool509.AppendCertsFromPEM(pem)
	server := &http.Server{Addr: *address, TLSConfig: &tls.Config{
		MinVersion: tls.VersionTLS13, ClientCAs: pool509,
		ClientAuth: tls.VerifyClientCertIfGiven,
		NextProtos: []string{"http/1.1"}}}
	log.Fatal(server.ListenAndServeTLS(*certificate, *key))
}
