/* config: everything an operator decides, read once at the start.
 *
 * Four sources, the later one winning: defaults, file, environment, flags.
 * What can be configured is one table, config_key.c.
 *
 * Owner:   the caller owns the config; everybody else borrows from it.
 * Thread:  the main thread loads and frees it; immutable in between.
 * Limits:  ranges stand in the table; a file is at most 1 MiB.
 * Failure: NULL, with source, key and what was expected in the error.
 */
#ifndef PEAL_CONFIG_H
#define PEAL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "auth/auth.h"
#include "base/error.h"
#include "base/log.h"
#include "bus/redis_options.h"
#include "hooks/hook_options.h"
#include "messaging/options.h"
#include "net/tls_options.h"
#include "net/trusted_proxies.h"

struct config {
    char *host;
    uint32_t port;    /* 0: the system picks a free one */
    uint32_t workers; /* at least 1 */
    bool dev;         /* started with --dev */
    bool has_dev_key; /* api.key was made for this run */
    bool insecure;    /* may listen beyond loopback without auth */
    bool core_dumps;  /* secrets may be in files, and seen by debuggers */
    char *web_root;   /* folder of files served under /; NULL: none */
    uint32_t drain_seconds;
    uint32_t rx_buffer_bytes;
    bool io_uring;
    bool explain_refusals;
    enum api_dashboard dashboard;
    char *default_channel;
    enum log_level log_level;
    enum log_format log_format;
    struct auth_options auth;
    struct messaging_options messaging;
    struct redis_options redis;
    struct hook_options hooks;
    struct tls_options tls;
    struct api_options api;
    struct text_list trusted_proxies;
    enum forwarded_header forwarded_header;
    bool proxy_protocol;
    char *default_caps_json; /* what auth.default_caps was read from */
};

/* One --name value; value NULL: the bare flag. Borrowed. */
struct config_flag {
    const char *name;
    const char *value;
};

/* Where a config comes from; what is zero is left out. Borrowed. */
struct config_sources {
    const char *file;         /* path of a JSON file with comments */
    char *const *environment; /* like environ */
    const struct config_flag *flags;
    size_t flag_count;
    bool dev; /* defaults for trying it out */
    char *const *arguments; /* all of them, for a process that takes over */
};

/* Returns an owned config, complete and checked. */
struct config *config_load(const struct config_sources *sources,
                           struct error *error);

/* NULL is ignored. */
void config_free(struct config *config);

#endif
