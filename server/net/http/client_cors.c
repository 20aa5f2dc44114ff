#include "net/http/client_cors.h"

#include "api/api.h"
#include "api/cors.h"
#include "auth/auth.h"
#include "base/memory.h"
#include "messaging/protocol.h"
#include "net/http/request_head.h"
#include "net/reactor.h"

static bool is_plain(const struct socket *socket,
                     const struct request_head *head)
{
    struct bytes rest;
    const struct endpoint *endpoint =
        protocol_endpoint(socket->reactor->net->protocols, head->path, &rest);
    return endpoint && endpoint->kind != ENDPOINT_WEBSOCKET;
}

bool client_cors_allows(const struct socket *socket,
                        const struct request_head *head)
{
    const struct net *net = socket->reactor->net;
    struct bytes origin = head->fields[FIELD_ORIGIN];
    return origin.len &&
           auth_origin_is_allowed(net->auth, origin, head->fields[FIELD_HOST],
                                  socket_has_tls(socket));
}

char *client_cors(const struct socket *socket, const struct request_head *head)
{
    struct api_response found = {0};
    if (!is_plain(socket, head))
        return NULL;
    cors_add(head->fields[FIELD_ORIGIN], client_cors_allows(socket, head),
             &found);
    struct bytes lines = buffer_bytes(&found.headers);
    char *copy = memory_copy_text(lines.data, lines.len);
    api_response_deinit(&found);
    return copy;
}
