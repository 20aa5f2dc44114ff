#include "net/dispatch.h"

#include <libwebsockets.h>

#include "messaging/connection.h"
#include "messaging/lifecycle.h"
#include "net/http/client_request.h"
#include "net/http/exchange.h"
#include "net/http/http.h"
#include "net/listen/guests.h"
#include "net/reactor.h"
#include "net/tls/tls.h"
#include "net/websocket/admission.h"
#include "net/websocket/opening.h"
#include "net/websocket/websocket.h"

static int on_writable(struct socket *socket)
{
    size_t before = stream_unsent(socket);
    if (stream_on_writable(socket) < 0)
        return -1;
    /* a peer that takes bytes is alive, even if its pong comes after them */
    if (socket->connection && socket->connection->is_open &&
        stream_unsent(socket) < before)
        connection_on_sign_of_life(socket->connection);
    if (stream_is_blocked(socket) || socket->stream.end != STREAM_OPEN)
        return 0;
    if (socket->connection && socket->connection->is_open)
        websocket_on_writable(socket);
    else
        http_on_writable(socket);
    return 0;
}

void dispatch_on_sent(struct socket *socket, struct bytes bytes, int sent)
{
    if (stream_on_sent(socket, bytes, sent)) {
        /* libwebsockets closes at the end of the peer's requests */
        if (stream_is_blocked(socket) && !socket->connection)
            stream_pause(socket); /* until http_on_writable */
        return;
    }
    if (socket->connection)
        connection_close(socket->connection, CLOSE_CONNECTION_LOST);
    else
        stream_end(socket, STREAM_KILL);
}

void dispatch_on_closed(struct socket *socket)
{
    if (socket->connection)
        connection_free(socket->connection);
    opening_free(socket_peek(socket)->opening);
    exchange_free(socket);
    client_request_free(socket);
    admission_abandon(socket);
    guests_leave(socket);
}

/* A vhost's OpenSSL context was made. */
static int on_tls_context(struct lws *wsi, SSL_CTX *context)
{
    const struct reactor *reactor = lws_context_user(lws_get_context(wsi));
    tls_attach(reactor->net->tls, context);
    return 0;
}

/* Dispatches every event of libwebsockets. */
int dispatch_event(struct lws *wsi, enum lws_callback_reasons reason,
                   void *user, void *in, size_t len)
{
    if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
        return on_tls_context(wsi, user);
    struct socket *socket = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (!socket)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_RAW_RX:
        return stream_on_receive(socket, in, len);
    case LWS_CALLBACK_RAW_WRITEABLE:
        return on_writable(socket);
    case LWS_CALLBACK_RAW_CLOSE:
        socket_free(socket);
        return 0;
    default:
        return 0;
    }
}
