#include "config_check.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "bus/redis_tls.h"
#include "bus/redis_url.h"
#include "config_value.h"
#include "hooks/hook_poster.h"
#include "net/tls.h"
#include "protocols/protocols.h"

/* A form of address that is not understood counts as reachable by others:
 * the mistake then costs a message, not an open server. */
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

bool config_check_auth(const struct config *config, struct error *error)
{
    const struct auth_options *auth = &config->auth;
    bool authenticates = auth->secret || auth->key_file || auth->jwks_file ||
                         auth->certificates;
    if (authenticates || config->insecure ||
        config_check_is_loopback(config->host))
        return true;
    return error_set(error,
                     "host: %.64s can be reached from other machines, and "
                     "without auth anybody there could connect as anybody: "
                     "set auth.secret (PEAL_AUTH_SECRET), auth.key_file, "
                     "auth.jwks_file or tls.client_id_from_certificate, or "
                     "allow it with --insecure",
                     config->host);
}

/* The printed config can be loaded again, but then somebody who has seen it
 * must not know the secret. */
static bool check_secret(const struct config *config, struct error *error)
{
    const char *secret = config->auth.secret;
    if (!secret || strcmp(secret, CONFIG_VALUE_MASK) != 0)
        return true; /* the others could not be so short */
    return error_set(error, "auth.secret: " CONFIG_VALUE_MASK
                            " only stands for a secret; set the real one, "
                            "for instance in PEAL_AUTH_SECRET");
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
    return has_other || error_set(error, "%s: expected together with %s", key,
                                  other);
}

/* Reads the files as the bus will. */
static bool check_redis_tls(const struct redis_options *redis,
                            const struct redis_url *url, struct error *error)
{
    const char *tls = "a redis.url that begins with rediss://";
    bool cert = redis->tls_cert != NULL;
    bool key = redis->tls_key != NULL;
    if (!needs("redis.tls_ca", tls, !redis->tls_ca || url->has_tls, error) ||
        !needs("redis.tls_cert", tls, !cert || url->has_tls, error) ||
        !needs("redis.tls_cert", "redis.tls_key", !cert || key, error) ||
        !needs("redis.tls_key", "redis.tls_cert", !key || cert, error))
        return false;
    if (!url->has_tls)
        return true;
    struct redis_tls *made = redis_tls_new(redis, url, error);
    redis_tls_free(made);
    return made != NULL;
}

static bool check_redis(const struct config *config, struct error *error)
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
    bool is_good = check_redis_tls(redis, &url, error);
    redis_url_deinit(&url);
    return is_good;
}

/* A hook that is never called is a mistake, and so is one that nobody can
 * trust. */
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
    return hook_poster_check_url(hooks->url, error) &&
           needs("hooks.url", "hooks.secret (PEAL_HOOKS_SECRET)",
                 hooks->secret, error) &&
           needs("hooks.url", "hooks.questions or hooks.events", is_used,
                 error) &&
           (!hooks->ca || hook_poster_check_ca(hooks->ca, error));
}

/* Reads secret and key files as the server will, and lets go of them. */
static bool check_keys(const struct config *config, struct error *error)
{
    struct auth *auth = auth_new(&config->auth, protocol_names, error);
    auth_free(auth);
    return auth != NULL;
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

bool config_check(const struct config *config, struct error *error)
{
    return check_secret(config, error) && config_check_auth(config, error) &&
           check_redis(config, error) && check_hooks(config, error) &&
           check_pings(config, error) && check_keys(config, error) &&
           check_tls(config, error) &&
           check_folder("web_root", config->web_root, error);
}
