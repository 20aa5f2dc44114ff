#include "config/config_reload.h"

#include <stdatomic.h>

#include "base/hash.h"
#include "bus/redis/redis_url.h"
#include "config/config_check.h"
#include "config/config_print.h"
#include "config/config_value.h"

bool config_reload_is_safe(const struct config *running,
                           const struct config *fresh, struct error *error)
{
    struct config kept = *fresh;
    kept.host = running->host;
    kept.insecure = running->insecure;
    kept.auth.jwks_url = running->auth.jwks_url;
    return config_check_auth(&kept, error) &&
           log_check_file(fresh->log_file, error);
}

/* --- limits -------------------------------------------------------------- */

static bool is_of_messaging(const struct config_key *key)
{
    size_t start = offsetof(struct config, messaging);
    return key->offset >= start &&
           key->offset < start + sizeof(struct messaging_options);
}

/* A number is one store: readers get the old or the new one. */
static void set_number(const struct config_key *key, void *to, const void *from)
{
    if (key->type == &config_value_uint32)
        atomic_store((_Atomic uint32_t *)to, *(const uint32_t *)from);
    else if (key->type == &config_value_uint64)
        atomic_store((_Atomic uint64_t *)to, *(const uint64_t *)from);
}

void config_reload_limits(struct messaging_options *options,
                          const struct config *fresh)
{
    size_t start = offsetof(struct config, messaging);
    for (size_t i = 0; i < config_keys.count; i++) {
        const struct config_key *key = &config_keys.items[i];
        if (key->reloads && is_of_messaging(key))
            set_number(key, (char *)options + (key->offset - start),
                       config_key_field_of(key, fresh));
    }
}

/* --- the process --------------------------------------------------------- */

static _Atomic uint64_t used_hash;

/* As a number that Prometheus represents exactly. */
static uint64_t hash_of(const struct config *config)
{
    struct buffer text = {0};
    config_print(config, &text);
    uint64_t hash = hash_stable(text.data, text.len) >> 16;
    buffer_deinit(&text);
    return hash;
}

uint64_t config_reload_hash(void)
{
    return used_hash;
}

void config_reload_use(const struct config *fresh)
{
    struct error ignored; /* that it can be opened was checked */
    log_setup(fresh->log_level, fresh->log_format);
    log_use_file(fresh->log_file, &ignored);
    audit_setup(fresh->log_audit);
    used_hash = hash_of(fresh);
}

/* --- what is told -------------------------------------------------------- */

/* The value including secrets, only for comparisons. */
static void write_value(const struct config_key *key,
                        const struct config *config, struct buffer *out)
{
    const void *field = config_key_field_of(key, config);
    if (key->value || *(char *const *)field)
        key->type->print(key, field, out);
}

static bool differs(const struct config_key *key, const struct config *one,
                    const struct config *other)
{
    struct buffer a = {0}, b = {0};
    write_value(key, one, &a);
    write_value(key, other, &b);
    bool same = bytes_equal(buffer_bytes(&a), buffer_bytes(&b));
    buffer_deinit(&a);
    buffer_deinit(&b);
    return !same;
}

static bool is_redis_url(const struct config_key *key)
{
    return key->offset == offsetof(struct config, redis.url);
}

/* User and password may change, Redis itself may not. */
static bool moves_redis(const struct config *started,
                        const struct config *fresh)
{
    const char *one = started->redis.url;
    const char *other = fresh->redis.url;
    return !one != !other || (one && !redis_url_is_same_place(one, other));
}

/* TLS files can change, but TLS cannot be turned on or off. */
static bool can_change(const struct config_key *key,
                       const struct config *started, const struct config *fresh)
{
    bool is_tls =
        key->offset >= offsetof(struct config, tls) &&
        key->offset < offsetof(struct config, tls) + sizeof(struct tls_options);
    return key->reloads &&
           !(is_tls && !started->tls.cert != !fresh->tls.cert) &&
           !(is_redis_url(key) && moves_redis(started, fresh));
}

static void append_name(struct buffer *out, const struct config_key *key)
{
    if (out->len)
        buffer_append_char(out, ',');
    buffer_append_text(out, key->name);
}

void config_reload_tell(const struct config *started,
                        const struct config *before, const struct config *fresh)
{
    struct buffer changed = {0}, kept = {0};
    for (size_t i = 0; i < config_keys.count; i++) {
        const struct config_key *key = &config_keys.items[i];
        if (!can_change(key, started, fresh)) {
            if (differs(key, started, fresh))
                append_name(&kept, key);
        } else if (differs(key, before, fresh)) {
            append_name(&changed, key);
        }
    }
    log_event(
        LOG_INFO, "Config reloaded",
        LOG_BYTES(changed.len ? "changed" : NULL, buffer_bytes(&changed)));
    if (kept.len)
        log_event(LOG_WARN, "Restart needed for some changes",
                  LOG_BYTES("keys", buffer_bytes(&kept)));
    buffer_deinit(&changed);
    buffer_deinit(&kept);
}
