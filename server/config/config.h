/* config: the complete configuration as plain data, and the source of each
 * value. The table in config_key.c lists all keys.
 *
 * Owner:   config_load.c creates and frees it; others borrow from it.
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
#include "net/peer/trusted_proxies.h"
#include "net/shared.h"
#include "net/tls/tls_options.h"
#include "protocols/pusher/pusher_apps.h"

/* Notes about a valid config; see config_notes.h. */
struct config_notes {
    struct text_list warnings;
    struct text_list foreign; /* ignored variables set by other software */
};

struct config {
    char *host;
    uint32_t port; /* 0: the system picks a free one */
    struct admin_options admin;
    uint32_t workers; /* at least 1 */
    bool dev;         /* started with --dev */
    bool has_dev_key; /* api.key was generated for this run */
    bool insecure;    /* may listen beyond loopback without auth */
    bool core_dumps;  /* core files and debuggers may expose secrets */
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
    char *default_caps_json; /* the JSON that auth.default_caps was read from */
    char **origins;          /* see config_origin.h */
    struct config_notes notes;
};

/* One --name value; value NULL: the bare flag. Borrowed. */
struct config_flag {
    const char *name;
    const char *value;
};

/* The sources of a config; zero fields are unused. Borrowed. */
struct config_sources {
    const char *file; /* JSON with comments; a folder next to it may add more */
    char *const *environment; /* like environ */
    const struct config_flag *flags;
    size_t flag_count;
    bool dev;               /* defaults for trying it out */
    char *const *arguments; /* all arguments, for a successor process */
};

#endif
