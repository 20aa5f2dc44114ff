/* Tells libwebsockets which subprotocol was chosen, and nothing else.
 *
 * It copies what the client offers into 128 bytes and drops the connection
 * when that is too long, as it is whenever a browser puts its token there
 * (`broadcast, bearer.<jwt>`). The header cannot be changed through its API;
 * but it reads headers through a function that can be overridden. This one
 * answers with the chosen name once the handshake was judged, and passes on
 * everything else. */
#include <string.h>

#include <libwebsockets.h>

#include "base/overridden.h"
#include "net/handshake.h"
#include "net/socket.h"

OVERRIDDEN(lws_hdr_copy)

static const char *chosen_name(struct lws *wsi)
{
    const struct socket *socket = lws_get_opaque_user_data(wsi);
    return socket && socket->opening ? socket->opening->protocol : NULL;
}

int lws_hdr_copy(struct lws *wsi, char *out, int size,
                 enum lws_token_indexes token)
{
    const char *name = token == WSI_TOKEN_PROTOCOL ? chosen_name(wsi) : NULL;
    int len = name ? (int)strlen(name) : 0;
    bool is_offered =
        name && len < size && lws_hdr_total_length(wsi, token) > 0;
    if (!is_offered)
        return original_lws_hdr_copy(wsi, out, size, token);
    memcpy(out, name, (size_t)len + 1);
    return len;
}
