#include "config/config_check.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "auth/jwks_fetcher.h"
#include "bus/redis/redis_tls.h"
#include "bus/redis/redis_url.h"
#include "config/config_notes.h"
#include "config/config_value.h"
#include "hooks/hook_poster.h"
#include "net/tls/tls.h"
#include "protocols/protocols.h"

/* An unknown form of address counts as reachable from other machines, to be
 * safe. */
bool config_check_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcasecmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool config_check_authenticates(const struct config *config)
{
    const struct auth_options *auth = &config->auth;
    return auth->secret || auth->key_file || auth->jwks_file ||
           auth->jwks_url || auth->certificates ||
           (config->accounts.url && !auth->tokens_optional);
}

bool config_check_auth(const struct config *config, struct error *error)
{
    if (config_check_authenticates(config) || config->insecure ||
        config_check_is_loopback(config->host))
        return true;
    return error_set(
        error,
        "host: %.64s is reachable from other machines, and without "
        "authentication anyone there can connect under any client id: set "
        "auth.secret (PEAL_AUTH_SECRET), auth.key_file, "
        "auth.jwks_file or tls.client_id_from_certificate, or allow this with "
        "--insecure",
        config->host);
}

/* A printed config can be loaded, but the mask must not become the secret. */
static bool check_secret(const struct config *config, struct error *error)
{
    const char *secret = config->auth.secret;
    if (!secret || strcmp(secret, CONFIG_VALUE_MASK) != 0)
        return true; /* other secrets cannot be this short */
    return error_set(error, "auth.secret: " CONFIG_VALUE_MASK
                            " is a placeholder; set the real secret, for "
                            "instance in PEAL_AUTH_SECRET");
}

static bool check_pings(const struct config *config, struct error *error)
{
    const struct messaging_options *messaging = &config->messaging;
    if (messaging->pong_seconds < messaging->ping_seconds)
        return true;
    return error_set(error,
                     "pong_seconds: expected less than ping_seconds (%u), "
                     "got %u",
                     messaging->ping_seconds, messaging->pong_seconds);
}

static bool needs(const char *key, const char *other, bool has_other,
                  struct error *error)
{
    return has_other ||
           error_set(error, "%s: must be set together with %s", key, other);
}

static bool check_admin(const struct config *config, struct error *error)
{
    const struct admin_options *admin = &config->admin;
    enum { ADMIN_PORT = 8081 }; /* the default */
    if (!needs("admin.port", "admin.host",
               admin->host || admin->port == ADMIN_PORT, error))
        return false;
    if (!admin->host || !admin->port || admin->port != config->port ||
        strcmp(admin->host, config->host) != 0)
        return true;
    return error_set(error, "admin.port: expected a port other than port (%u)",
                     config->port);
}

/* Reads the files as the bus will. */
static bool check_redis_tls(const struct redis_options *redis,
                            const struct redis_url *url, struct error *error)
{
    const char *tls = "a redis.url that begins with rediss:// or "
                      "rediss+sentinel://, or redis.sentinel_tls";
    bool has_tls = url->has_tls || redis->sentinel_tls;
    bool cert = redis->tls_cert != NULL;
    bool key = redis->tls_key != NULL;
    if (!needs("redis.tls_ca", tls, !redis->tls_ca || has_tls, error) ||
        !needs("redis.tls_cert", tls, !cert || has_tls, error) ||
        !needs("redis.tls_cert", "redis.tls_key", !cert || key, error) ||
        !needs("redis.tls_key", "redis.tls_cert", !key || cert, error))
        return false;
    if (!has_tls)
        return true;
    struct redis_tls *made = redis_tls_new(redis, error);
    redis_tls_free(made);
    return made != NULL;
}

static bool check_sentinels(const struct redis_options *redis,
                            const struct redis_url *url, struct error *error)
{
    const char *sentinels = "a redis.url that begins with redis+sentinel:// "
                            "or rediss+sentinel://";
    const char *user = redis->sentinel_user;
    const char *password = redis->sentinel_password;
    return needs("redis.sentinel_tls", sentinels,
                 url->master || !redis->sentinel_tls, error) &&
           needs("redis.sentinel_password", sentinels, url->master || !password,
                 error) &&
           needs("redis.sentinel_user", "redis.sentinel_password",
                 !user || password, error);
}

static bool check_redis(struct config *config, struct error *error)
{
    const struct redis_options *redis = &config->redis;
    struct redis_url url;
    if (redis->backoff_max_ms < redis->backoff_ms)
        return error_set(error,
                         "redis.backoff_max_ms: expected at least "
                         "redis.backoff_ms (%u), got %u",
                         redis->backoff_ms, redis->backoff_max_ms);
    if (!redis->url)
        return true;
    if (!redis_url_parse(redis->url, &url, error))
        return false;
    if (url.warning)
        config_notes_warn(config, "redis.url: %s", url.warning);
    bool is_good = check_sentinels(redis, &url, error) &&
                   check_redis_tls(redis, &url, error);
    redis_url_deinit(&url);
    return is_good;
}

/* An unused hook is a mistake, and so is an unsigned one. */
static bool check_hooks(const struct config *config, struct error *error)
{
    const struct hook_options *hooks = &config->hooks;
    bool is_used = hooks->questions.count || hooks->events.count;
    if (hooks->retry_max_ms < hooks->retry_ms)
        return error_set(error,
                         "hooks.retry_max_ms: expected at least "
                         "hooks.retry_ms (%u), got %u",
                         hooks->retry_ms, hooks->retry_max_ms);
    if (!hooks->url)
        return needs("hooks.questions", "hooks.url", !hooks->questions.count,
                     error) &&
               needs("hooks.events", "hooks.url", !hooks->events.count, error);
    return hook_poster_check_url("hooks.url", hooks->url, error) &&
           needs("hooks.url", "hooks.secret (PEAL_HOOKS_SECRET)", hooks->secret,
                 error) &&
           needs("hooks.old_secret", "hooks.secret",
                 !hooks->old_secret || hooks->secret, error) &&
           needs("hooks.url", "hooks.questions or hooks.events", is_used,
                 error) &&
           (!hooks->ca || hook_poster_check_ca(hooks->ca, error));
}

/* The same for webhooks of apps. */
static bool check_webhooks(const struct config *config, struct error *error)
{
    for (size_t i = 0; i < config->pusher_apps.count; i++) {
        const struct pusher_app_options *app = &config->pusher_apps.items[i];
        if (!app->webhook_url != !app->webhook_events.count)
            return error_set(error,
                             "pusher.apps: app %zu: webhook_url and "
                             "webhook_events must be set together",
                             i + 1);
        if (app->webhook_url &&
            !hook_poster_check_url("pusher.apps: webhook_url", app->webhook_url,
                                   error))
            return false;
    }
    return true;
}

/* Reads secret and key files like the server, to check them. */
static bool check_keys(struct config *config, struct error *error)
{
    const struct auth_options *options = &config->auth;
    if (options->jwks_url && !jwks_fetcher_check_url(options->jwks_url, error))
        return false;
    if (!needs("auth.jwks_ca", "auth.jwks_url",
               !options->jwks_ca || options->jwks_url, error))
        return false;
    struct auth *auth = auth_new(options, protocols, error);
    if (!auth)
        return false;
    const struct text_list *warnings = auth_warnings(auth);
    for (size_t i = 0; i < warnings->count; i++)
        config_notes_warn(config, "%s", warnings->items[i]);
    auth_free(auth);
    return true;
}

/* Reads the files as the server will. */
static bool check_tls(const struct config *config, struct error *error)
{
    const struct tls_options *tls = &config->tls;
    if (tls->cert && !needs("tls.cert", "tls.key", tls->key, error))
        return false;
    if (tls->key && !needs("tls.key", "tls.cert", tls->cert, error))
        return false;
    if (tls->client_ca && !needs("tls.client_ca", "tls.cert", tls->cert, error))
        return false;
    if (tls->client_id_from_certificate &&
        !needs("tls.client_id_from_certificate", "tls.client_ca",
               tls->client_ca, error))
        return false;
    return !tls->cert || tls_check(tls, error);
}

static bool check_folder(const char *key, const char *path, struct error *error)
{
    struct stat status;
    if (!path || (stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
        return true;
    return error_set(error, "%s: %.300s is not a folder", key, path);
}

/* Warns that any page can then act as its visitor. */
static void judge_origins(struct config *config)
{
    const struct text_list *origins = &config->auth.origins;
    for (size_t i = 0; i < origins->count; i++)
        if (strcmp(origins->items[i], "*") == 0)
            config_notes_warn(
                config, "origins: * allows pages of any site to connect; with "
                        "the cookie peal_token they act as their visitor");
}

bool config_check_asks_application(const struct config *config)
{
    const struct hook_options *hooks = &config->hooks;
    for (size_t i = 0; hooks->url && i < hooks->questions.count; i++)
        if (strcmp(hooks->questions.items[i], "connect") == 0)
            return true;
    return false;
}

/* On loopback, a proxy may still bring clients from other machines. Origins
 * restrict only web pages. */
static void judge_open(struct config *config)
{
    const struct {
        const char *key;
        bool is_set;
    } signs[] = {
        {"trusted_proxies", config->trusted_proxies.count},
        {"proxy_protocol", config->proxy_protocol},
        {"origins", config->auth.origins.count},
    };
    if (config_check_authenticates(config) || config->insecure ||
        config_check_asks_application(config))
        return;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (signs[i].is_set)
            config_notes_warn(
                config,
                "%s: clients from other machines are expected, and without "
                "authentication each can connect under any client id: set "
                "auth.secret (PEAL_AUTH_SECRET), or allow this with insecure",
                signs[i].key);
}

bool config_check(struct config *config, struct error *error)
{
    judge_origins(config);
    judge_open(config);
    return check_secret(config, error) && config_check_auth(config, error) &&
           check_admin(config, error) && check_redis(config, error) &&
           check_hooks(config, error) && check_webhooks(config, error) &&
           check_pings(config, error) && check_keys(config, error) &&
           check_tls(config, error) &&
           check_folder("web_root", config->web_root, error);
}
