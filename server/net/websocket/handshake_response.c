#include "net/websocket/handshake_response.h"

#include <string.h>

#include <libwebsockets.h>

#include "messaging/protocol.h"
#include "net/websocket/opening.h"

void handshake_response_append(const struct opening *opening,
                               struct buffer *out)
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    enum { SHA1_LEN = 20, ACCEPT_SIZE = 32 };
    unsigned char joined[OPENING_KEY + sizeof magic];
    unsigned char digest[SHA1_LEN];
    char accept[ACCEPT_SIZE];
    memcpy(joined, opening->key, OPENING_KEY);
    memcpy(joined + OPENING_KEY, magic, sizeof magic);
    lws_SHA1(joined, sizeof joined - 1, digest);
    lws_b64_encode_string((char *)digest, SHA1_LEN, accept, ACCEPT_SIZE);
    buffer_append_text(out, "HTTP/1.1 101 Switching Protocols\r\n"
                            "Upgrade: websocket\r\n"
                            "Connection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: ");
    buffer_append_text(out, accept);
    if (opening->names_protocol) {
        buffer_append_text(out, "\r\nSec-WebSocket-Protocol: ");
        buffer_append_text(out, opening->protocol->name);
    }
    buffer_append_text(out, "\r\n\r\n");
}
