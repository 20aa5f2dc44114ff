#include "messaging/deliveries.h"

#include "messaging/channel.h"
#include "messaging/operations.h"

void deliveries_push(void *worker, void *object)
{
    struct message *message = object;
    struct channel *channel = channel_find(worker, message->channel);
    if (channel)
        channel_push(channel, message);
    message_unshare(message);
}

/* Messages gathered by its channels precede this one. */
static void open_message(struct connection *connection, struct parcel *parcel)
{
    channel_catch_up_all(connection);
    connection_send(connection, parcel->message);
}

static void open_remove(struct connection *connection, struct parcel *parcel)
{
    operation_remove(connection, parcel->text);
}

uint32_t deliveries_send(struct clients *clients, const char *id,
                         struct message *message)
{
    const struct parcel model = {
        .open = open_message, .message = message, .for_receivers = true};
    return clients_post(clients, id, &model);
}

uint32_t deliveries_remove(struct clients *clients, const char *id,
                           struct bytes channel)
{
    const struct parcel model = {
        .open = open_remove, .text = channel, .for_receivers = true};
    return clients_post(clients, id, &model);
}
