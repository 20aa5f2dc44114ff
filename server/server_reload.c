#include "server_reload.h"

#include "server_parts.h"

#include "api/api.h"
#include "auth/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "bus/redis/bus_redis.h"
#include "config/config_load.h"
#include "config/config_notes.h"
#include "config/config_reload.h"
#include "hooks/hook_caller.h"
#include "net/net.h"
#include "net/tls/tls.h"
#include "process/notify.h"
#include "process/token_keys.h"
#include "protocols/pusher/pusher_rules.h"

/* Secrets of configured hooks. Turning hooks on or off needs a restart. */
static void use_secrets(struct server *server, const struct config *fresh)
{
    if (server->config->redis.url && fresh->redis.url)
        bus_redis_use_login(server->instance.bus, &fresh->redis);
    if (server->instance.hooks && fresh->hooks.secret)
        hook_caller_use_secrets(server->instance.hooks, fresh->hooks.secret,
                                fresh->hooks.old_secret);
}

/* Atomic: everything that can fail is tried before changing anything. */
static bool take_over(struct server *server, struct config *fresh,
                      struct error *error)
{
    const struct config *running = server->config;
    /* turning TLS on or off needs a restart */
    bool keeps_tls = !fresh->tls.cert == !server->tls;
    if (!keeps_tls)
        fresh->auth.certificates = tls_names_clients(server->tls);
    if (!config_reload_is_safe(running, fresh, error))
        return false;
    struct auth *auth =
        token_keys_build(server->token_keys, &fresh->auth, error);
    if (!auth)
        return false;
    if (server->tls && keeps_tls && !tls_use(server->tls, &fresh->tls, error)) {
        auth_free(auth);
        return false;
    }
    net_use_auth(server->net, auth);
    server->auth = auth;
    net_use_trusted_proxies(server->net, &fresh->trusted_proxies,
                            fresh->forwarded_header);
    config_reload_limits(&server->options, fresh);
    api_use_options(server->api, &fresh->api);
    pusher_rules_use(&fresh->pusher_apps);
    use_secrets(server, fresh);
    config_reload_use(fresh);
    return true;
}

/* False and the reason: nothing has changed. */
static bool reload(struct server *server, struct error *error)
{
    log_reopen();
    struct config *fresh = config_load(server->sources, error);
    if (!fresh || !take_over(server, fresh, error)) {
        log_event(LOG_ERROR, "Config reload failed",
                  LOG_TEXT("reason", error->text));
        config_free(fresh);
        return false;
    }
    config_notes_log(&fresh->notes);
    config_reload_tell(server->config,
                       server->reloaded ? server->reloaded : server->config,
                       fresh);
    config_free(server->reloaded);
    server->reloaded = fresh;
    return true;
}

void server_reload(struct server *server)
{
    notify_reloading();
    struct error error = {0};
    server->is_reloaded = reload(server, &error);
    if (server->is_reloaded)
        server->reload_ms = clock_wall_ms();
    notify_send_status(
        "READY=1", "Config %sreloaded%s%s", server->is_reloaded ? "" : "not ",
        server->is_reloaded ? "" : ": ", server->is_reloaded ? "" : error.text);
}
