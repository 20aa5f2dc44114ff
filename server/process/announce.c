#include "process/announce.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "net/listen/listeners.h"

static void announce_admin(const struct net *net)
{
    uint32_t count;
    bool is_told[LISTENER_KINDS] = {[LISTENER_PUBLIC] = true};
    struct listen_socket *sockets = listeners_list(net, &count);
    for (uint32_t i = 0; i < count; i++) {
        char place[LISTEN_PLACE_TEXT];
        if (is_told[sockets[i].kind])
            continue;
        is_told[sockets[i].kind] = true;
        listen_socket_print(sockets[i].fd, place);
        log_event(LOG_INFO, "Administration listening", LOG_TEXT("at", place));
    }
    free(sockets);
}

void announce(const struct config *config, const struct net *net, bool has_auth)
{
    uint32_t port = net->ports[LISTENER_PUBLIC];
    log_event(LOG_INFO, "Listening", LOG_TEXT("version", PEAL_VERSION),
              LOG_TEXT("host", config->host), LOG_NUMBER("port", port),
              LOG_NUMBER("workers", config->workers),
              LOG_TEXT("tls", config->tls.cert ? "on" : "off"),
              LOG_TEXT("auth", has_auth ? "on" : "off"),
              LOG_NUMBER("pid", getpid()));
    announce_admin(net);
    if (config->dev)
        printf("\n  Open http%s://%s:%u/ in two windows and chat.\n\n",
               config->tls.cert ? "s" : "", config->host, port);
    if (config->has_dev_key)
        printf("  API key for /api and /dashboard: %s\n\n", config->api.key);
    fflush(stdout);
}
