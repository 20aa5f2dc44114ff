#include "messaging/protocol.h"

const struct protocol *protocol_find(const struct protocol *const *table,
                                     const struct endpoint *endpoint,
                                     struct bytes name)
{
    for (; *table; table++)
        if ((*table)->endpoint == endpoint &&
            bytes_equal(name, bytes_of((*table)->name)))
            return *table;
    return NULL;
}

int protocol_close_code(const struct protocol *protocol,
                        enum close_reason reason)
{
    return protocol && protocol->close_code ? protocol->close_code(reason)
                                            : close_reason_info(reason)->code;
}

const struct endpoint *
protocol_endpoint(const struct protocol *const *protocols, struct bytes path,
                  struct bytes *rest)
{
    for (; *protocols; protocols++) {
        const struct endpoint *endpoint = (*protocols)->endpoint;
        if (endpoint && endpoint_matches(endpoint, path, rest))
            return endpoint;
    }
    return NULL;
}
