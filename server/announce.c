#include "announce.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

void announce(const struct config *config, uint32_t port, bool has_auth)
{
    log_event(LOG_INFO, "Listening", LOG_TEXT("version", PEAL_VERSION),
              LOG_TEXT("host", config->host), LOG_NUMBER("port", port),
              LOG_NUMBER("workers", config->workers),
              LOG_TEXT("tls", config->tls.cert ? "on" : "off"),
              LOG_TEXT("auth", has_auth ? "on" : "off"),
              LOG_NUMBER("pid", getpid()));
    if (config->dev)
        printf("\n  Open http%s://%s:%u/ in two windows and chat.\n\n",
               config->tls.cert ? "s" : "", config->host, port);
    if (config->has_dev_key)
        printf("  Key of /api and /dashboard: %s\n\n", config->api.key);
    fflush(stdout);
}
