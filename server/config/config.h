/* config: everything an operator decides, as plain data, and where it comes
 * from. What can be configured is one table, config_key.c.
 *
 * Owner:   config_load.c makes and frees it; everybody else borrows from it.
 * Thread:  immutable once loaded.
 * Limits:  ranges are in the table.
 * Failure: none.
 */
#ifndef PEAL_CONFIG_H
#define PEAL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "accounts/account_options.h"
#include "api/api.h"
#include "auth/auth.h"
#include "base/error.h"
#include "base/log.h"
#include "bus/redis/redis_options.h"
#include "hooks/hook_options.h"
#include "messaging/audit.h"
#include "messaging/options.h"
#include "net/shared.h"
#include "net/tls/tls_options.h"
#include "protocols/pusher/pusher_apps.h"
#include "net/peer/trusted_proxies.h"

/* What is worth telling about a config that is good; see config_notes.h. */
struct config_notes {
    struct text_list warnings;
    struct text_list foreign; /* variables that others set, and we ignored */
};

struct config {
    char *host;
    uint32_t port;    /* 0: the system picks a free one */
    struct admin_options admin;
    uint32_t workers; /* at least 1 */
    bool dev;         /* started with --dev */
    bool has_dev_key; /* api.key was made for this run */
    bool insecure;    /* may listen beyond loopback without auth */
    bool core_dumps;  /* secrets may be in files, and seen by debuggers */
    char *web_root;   /* folder of files served under /; NULL: none */
    uint32_t drain_delay_seconds;
    uint32_t drain_seconds;
    bool io_uring;
    bool explain_refusals;
    enum api_dashboard dashboard;
    char *default_channel;
    enum log_level log_level;
    enum log_format log_format;
    enum audit_level log_audit;
    char *log_file; /* NULL: stderr */
    struct auth_options auth;
    struct messaging_options messaging;
    struct redis_options redis;
    struct hook_options hooks;
    struct tls_options tls;
    struct api_options api;
    struct pusher_app_options_list pusher_apps;
    struct account_options accounts;
    struct text_list trusted_proxies;
    enum forwarded_header forwarded_header;
    bool proxy_protocol;
    char *default_caps_json; /* what auth.default_caps was read from */
    char **origins; /* see config_origin.h */
    struct config_notes notes;
};

/* One --name value; value NULL: the bare flag. Borrowed. */
struct config_flag {
    const char *name;
    const char *value;
};

/* Where a config comes from; what is zero is left out. Borrowed. */
struct config_sources {
    const char *file; /* path of a JSON file with comments, beside which
                         there may be a folder of more */
    char *const *environment; /* like environ */
    const struct config_flag *flags;
    size_t flag_count;
    bool dev; /* defaults for trying it out */
    char *const *arguments; /* all of them, for a process that takes over */
};

#endif
