/* libwebsockets writes its answer to an upgrade by lws_write. */
#include "net/held_response.h"

#include <stdlib.h>

#include <libwebsockets.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/overridden.h"
#include "net/socket.h"

OVERRIDDEN(lws_write)

struct held_response {
    struct buffer bytes;
};

int held_response_pass(struct lws *wsi, struct bytes frames)
{
    return original_lws_write(wsi, (unsigned char *)frames.data, frames.len,
                              LWS_WRITE_RAW);
}

void held_response_begin(struct socket *socket)
{
    PANIC_IF(socket->held_response);
    socket->held_response = memory_new(1, sizeof *socket->held_response);
}

void held_response_drop(struct socket *socket)
{
    if (!socket->held_response)
        return;
    buffer_deinit(&socket->held_response->bytes);
    free(socket->held_response);
    socket->held_response = NULL;
}

bool held_response_release(struct socket *socket)
{
    struct bytes all = {socket->held_response->bytes.data,
                        socket->held_response->bytes.len};
    bool written = all.len && held_response_pass(socket->wsi, all) >= 0;
    held_response_drop(socket);
    return written;
}

/* The response is the first that is written. */
int lws_write(struct lws *wsi, unsigned char *data, size_t len,
              enum lws_write_protocol kind)
{
    struct socket *socket = lws_get_opaque_user_data(wsi);
    if (!socket || !socket->held_response)
        return original_lws_write(wsi, data, len, kind);
    struct buffer *bytes = &socket->held_response->bytes;
    if (!bytes->len)
        buffer_append(bytes, (struct bytes){(char *)data, len});
    return (int)len;
}
