#include "bus/local/local_orders.h"

#include "messaging/bans.h"
#include "messaging/deliveries.h"
#include "messaging/eviction.h"
#include "messaging/watch/survey.h"
#include "messaging/worker.h"

static void disconnect(const struct instance *instance, struct request *request)
{
    if (!request->channel[0])
        request->connections =
            clients_close(instance->clients, request->client,
                          CLOSE_DISCONNECTED, request->reason);
    else
        eviction_of(instance, bytes_of(request->channel), request->reason);
}

static void remove_client(const struct instance *instance,
                          struct request *request)
{
    request->connections = deliveries_remove(instance->clients, request->client,
                                             bytes_of(request->channel));
}

static void ban(const struct instance *instance, struct request *request)
{
    if (bans_set(instance->bans, bytes_of(request->channel), request->until_ms,
                 request->reason))
        eviction_of_banned(instance);
    else
        request->fault = FAULT_UNAVAILABLE;
}

static void unban(const struct instance *instance, struct request *request)
{
    request->is_removed =
        bans_remove(instance->bans, bytes_of(request->channel));
}

static void on_surveyed(void *arg, struct bytes answer)
{
    request_add_name(arg, answer);
    request_finish(arg);
}

static void (*const orders[REQUEST_KIND_COUNT])(const struct instance *,
                                                struct request *) = {
    [REQUEST_DISCONNECT] = disconnect,
    [REQUEST_REMOVE] = remove_client,
    [REQUEST_BAN] = ban,
    [REQUEST_UNBAN] = unban,
};

bool local_orders_serve(const struct instance *instance,
                        struct request *request)
{
    if (request->kind != REQUEST_SURVEY && !orders[request->kind])
        return false;
    request->instances = 1;
    if (request->kind == REQUEST_SURVEY) {
        survey_begin(instance, request->survey, bytes_of(request->client),
                     bytes_of(request->channel), on_surveyed, request);
        return true;
    }
    orders[request->kind](instance, request);
    request_finish(request);
    return true;
}
