/* server_parts: the parts of a running server, shared by server.c and
 * server_reload.c.
 *
 * Owner:   server.c.
 * Thread:  the main thread, except where said otherwise.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_SERVER_PARTS_H
#define PEAL_SERVER_PARTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "messaging/options.h"
#include "messaging/watch/overview.h"
#include "messaging/worker.h"
#include "process/handover.h"
#include "process/readiness.h"

struct account_service;
struct api;
struct auth;
struct net;
struct tls;
struct token_keys;

struct server {
    int64_t start_ms; /* wall clock */
    const struct config_sources *sources;
    const struct config *config;      /* the config at start-up */
    struct config *reloaded;          /* the last reloaded config, or NULL */
    struct messaging_options options; /* whose limits a reload changes */
    struct instance instance;
    struct overview overview;
    const struct metrics *bus_metrics;
    const struct metrics *hook_metrics; /* NULL: there are no hooks */
    struct auth *auth;
    struct token_keys *token_keys;
    struct account_service *accounts; /* NULL: none */
    struct api *api;
    struct tls *tls; /* NULL: plain */
    struct net *net;
    struct readiness readiness;
    struct handed handed; /* what it was started with */
    /* any thread reads these */
    _Atomic uint64_t failed_upgrades;
    _Atomic bool is_reloaded; /* the last reload, if any, succeeded */
    _Atomic int64_t reload_ms;
};

#endif
