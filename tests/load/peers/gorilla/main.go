// gorilla/websocket with the hub of its chat example: one goroutine owns the
// room, each client has a channel and a writer.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o OUT gorilla/main.go
//	OUT PORT
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/gorilla/websocket"
)

const queued = 256

type client struct {
	conn *websocket.Conn
	send chan []byte
}

type hub struct {
	clients map[*client]bool
	join    chan *client
	leave   chan *client
	publish chan []byte
}

func (h *hub) run() {
	for {
		select {
		case c := <-h.join:
			h.clients[c] = true
		case c := <-h.leave:
			if h.clients[c] {
				delete(h.clients, c)
				close(c.send)
			}
		case text := <-h.publish:
			h.toAll(text)
		}
	}
}

// A client whose channel is full is disconnected, as in the example.
func (h *hub) toAll(text []byte) {
	for c := range h.clients {
		select {
		case c.send <- text:
		default:
			delete(h.clients, c)
			close(c.send)
		}
	}
}

func (c *client) write() {
	defer c.conn.Close()
	for text := range c.send {
		if c.conn.WriteMessage(websocket.TextMessage, text) != nil {
			return
		}
	}
	c.conn.WriteMessage(websocket.CloseMessage, []byte{})
}

func (c *client) shootout(h *hub, text []byte) {
	var message struct {
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	}
	if json.Unmarshal(text, &message) != nil || message.Type != "broadcast" {
		c.send <- text
		return
	}
	h.publish <- text
	c.send <- append(append([]byte(`{"type":"broadcastResult","payload":`),
		message.Payload...), '}')
}

func (c *client) read(h *hub, handle func([]byte)) {
	defer func() { h.leave <- c }()
	for {
		_, text, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		handle(text)
	}
}

func echo(conn *websocket.Conn) {
	defer conn.Close()
	for {
		kind, text, err := conn.ReadMessage()
		if err != nil || conn.WriteMessage(kind, text) != nil {
			return
		}
	}
}

func main() {
	upgrader := websocket.Upgrader{
		CheckOrigin: func(*http.Request) bool { return true },
	}
	h := &hub{map[*client]bool{}, make(chan *client), make(chan *client),
		make(chan []byte)}
	go h.run()

	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"status":"healthy"}`))
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		if strings.HasPrefix(r.URL.Path, "/echo") {
			echo(conn)
			return
		}
		c := &client{conn, make(chan []byte, queued)}
		h.join <- c
		go c.write()
		if strings.HasPrefix(r.URL.Path, "/shootout") {
			c.read(h, func(text []byte) { c.shootout(h, text) })
		} else {
			c.read(h, func(text []byte) { h.publish <- text })
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
