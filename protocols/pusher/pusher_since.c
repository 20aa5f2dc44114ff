#include "protocols/pusher/pusher_since.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "messaging/connection.h"
#include "messaging/names.h"
#include "messaging/store/epoch.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_client.h"

static bool read_epoch(struct bytes raw, uint64_t *epoch)
{
    char digits[EPOCH_LEN];
    size_t len;
    return raw.len && raw.data[0] == '"' &&
           json_decode_string(raw, digits, sizeof digits, &len) &&
           epoch_decode((struct bytes){digits, len}, epoch);
}

static void keep_former(struct pusher_client *client, struct bytes raw)
{
    char text[CLIENT_ID_MAX];
    struct buffer former = {0};
    struct bytes socket = {text, 0};
    if (!raw.len || raw.data[0] != '"' ||
        !json_decode_string(raw, text, sizeof text, &socket.len))
        return;
    buffer_append_text(&former, client->app->prefix);
    buffer_append(&former, socket);
    free(pusher_client_extra(client)->former);
    client->extra->former = memory_copy_text(former.data, former.len);
    buffer_deinit(&former);
}

bool pusher_since_read(struct connection *connection, struct bytes raw,
                       struct position *since)
{
    struct json_slot slots[] = {
        {.name = "epoch"}, {.name = "offset"}, {.name = "socket_id"}};
    const char *why;
    if (!raw.len || !json_scan_object(raw, slots, 3, &why))
        return false;
    connection->wants_positions = true;
    keep_former(pusher_client_of(connection), slots[2].raw);
    if (!slots[0].raw.len && !slots[1].raw.len)
        return false;
    if (!read_epoch(slots[0].raw, &since->epoch) ||
        !json_decode_whole(slots[1].raw, &since->offset))
        *since = (struct position){0};
    return true;
}

void pusher_since_append(const struct connection *connection,
                         const struct position *position, bool recovered,
                         struct buffer *out)
{
    char epoch[EPOCH_LEN + 1];
    if (!connection->wants_positions)
        return;
    epoch_encode(position->epoch, epoch);
    buffer_append_format(out,
                         ",\"position\":{\"epoch\":\"%s\",\"offset\":", epoch);
    buffer_append_uint(out, position->offset);
    buffer_append_format(out, "},\"recovered\":%s",
                         recovered ? "true" : "false");
}
