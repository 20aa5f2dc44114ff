/* It writes by lws_write, and a program's own definition of an exported
 * function is the one that counts (see also subprotocol.c). */
#include "net/held_response.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <libwebsockets.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "net/socket.h"

typedef int write_function(struct lws *wsi, unsigned char *data, size_t len,
                           enum lws_write_protocol kind);

static write_function *original;

/* Before any thread could look for it at the same time. */
__attribute__((constructor)) static void find_original(void)
{
    original = (write_function *)dlsym(RTLD_NEXT, "lws_write");
    PANIC_IF(!original);
}

struct held_response {
    struct buffer bytes;
};

int held_response_pass(struct lws *wsi, struct bytes frames)
{
    return original(wsi, (unsigned char *)frames.data, frames.len,
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
    struct buffer *bytes = &socket->held_response->bytes;
    bool written =
        bytes->len && original(socket->wsi, (unsigned char *)bytes->data,
                               bytes->len, LWS_WRITE_RAW) >= 0;
    held_response_drop(socket);
    return written;
}

/* The response is the first that is written. */
int lws_write(struct lws *wsi, unsigned char *data, size_t len,
              enum lws_write_protocol kind)
{
    struct socket *socket = lws_get_opaque_user_data(wsi);
    if (!socket || !socket->held_response)
        return original(wsi, data, len, kind);
    struct buffer *bytes = &socket->held_response->bytes;
    if (!bytes->len)
        buffer_append(bytes, (struct bytes){(char *)data, len});
    return (int)len;
}
