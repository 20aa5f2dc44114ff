#include "config.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "config_check.h"
#include "config_file.h"
#include "config_value.h"
#include "messaging/hub.h"

#define PREFIX "PEAL_"

enum { NAME_MAX_BYTES = 128 };

static void set_defaults(struct config *config)
{
    for (size_t i = 0; i < config_keys.count; i++)
        config_value_set_default(&config_keys.items[i], config);
}

/* Whether the demo lies there: any project may have a folder called web. */
static bool has_demo(const char *folder)
{
    struct buffer path = {0};
    buffer_append_format(&path, "%s/peal.js", folder);
    bool found = access(buffer_text(&path), R_OK) == 0;
    buffer_deinit(&path);
    return found;
}

/* What makes trying it out pleasant; file, environment and flags still win.
 * PEAL_WEB_ROOT is where the demo lies: in the source tree, or installed. */
static void set_dev_defaults(struct config *config)
{
    const char *web_root = has_demo("web") ? "web" : PEAL_WEB_ROOT;
    config->dev = true;
    config->explain_refusals = true;
    if (has_demo(web_root))
        config->web_root = memory_copy_text(web_root, strlen(web_root));
}

static const struct config_key *find_environment(const char *name)
{
    for (size_t i = 0; i < config_keys.count; i++) {
        char known[NAME_MAX_BYTES];
        config_key_environment_name(&config_keys.items[i], known, sizeof known);
        if (strcmp(known, name) == 0)
            return &config_keys.items[i];
    }
    return NULL;
}

static bool refuse_variable(const char *name, struct error *error)
{
    struct spelling spelling = {.wanted = name + strlen(PREFIX)};
    for (size_t i = 0; i < config_keys.count; i++) {
        char known[NAME_MAX_BYTES];
        config_key_environment_name(&config_keys.items[i], known, sizeof known);
        spelling_offer(&spelling, known + strlen(PREFIX));
    }
    return spelling_refuse(&spelling, PREFIX, "key", error);
}

/* `variable` is NAME=value, as in environ. */
static bool read_variable(const char *variable, struct config *config,
                          struct error *error)
{
    size_t len = strcspn(variable, "=");
    if (strncmp(variable, PREFIX, strlen(PREFIX)) != 0 || !variable[len])
        return true;
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "%.*s", (int)len, variable);
    const struct config_key *key = find_environment(name);
    if (!key)
        return refuse_variable(name, error);
    struct error reason;
    if (config_value_from_text(key, variable + len + 1, config, &reason))
        return true;
    return error_set(error, "%s: %.400s", name, reason.text);
}

static bool read_environment(char *const *environment, struct config *config,
                             struct error *error)
{
    for (; environment && *environment; environment++)
        if (!read_variable(*environment, config, error))
            return false;
    return true;
}

static bool refuse_flag(const char *name, struct error *error)
{
    struct spelling spelling = {.wanted = name};
    config_key_offer(&config_keys, &spelling);
    return spelling_refuse(&spelling, "--", "key", error);
}

static bool read_flag(const struct config_flag *flag, struct config *config,
                      struct error *error)
{
    const struct config_key *key = config_key_find(&config_keys, flag->name);
    if (!key)
        return refuse_flag(flag->name, error);
    struct error reason;
    if (config_value_from_text(key, flag->value, config, &reason))
        return true;
    return error_set(error, "--%s: %.400s", flag->name, reason.text);
}

static bool read_flags(const struct config_sources *sources,
                       struct config *config, struct error *error)
{
    for (size_t i = 0; i < sources->flag_count; i++)
        if (!read_flag(&sources->flags[i], config, error))
            return false;
    return true;
}

/* The cores this process may use, which taskset and containers narrow. */
static uint32_t count_cores(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 1;
    uint32_t count = (uint32_t)CPU_COUNT(&cores);
    return count < HUB_WORKERS_MAX ? count : HUB_WORKERS_MAX;
}

/* For trying the API out: a key that is good until the process ends, however
 * often the config is read. */
static void add_dev_key(struct config *config)
{
    if (!config->dev || config->api.key || config->api.keys.count)
        return;
    static char key[API_KEY_MADE + 1];
    if (!key[0])
        api_key_make(key);
    config->api.key = memory_copy_text(key, strlen(key));
    config->has_dev_key = true;
}

static bool complete(struct config *config, struct error *error)
{
    add_dev_key(config);
    if (!config->workers)
        config->workers = count_cores();
    struct json *rules =
        json_parse(bytes_of(config->default_caps_json), false, error);
    PANIC_IF(!rules); /* it was read once already */
    config->auth.default_caps = caps_parse(rules, error);
    config->auth.certificates =
        config->tls.client_ca && config->tls.client_id_from_certificate;
    json_free(rules);
    return config->auth.default_caps && config_check(config, error);
}

struct config *config_load(const struct config_sources *sources,
                           struct error *error)
{
    struct config *config = memory_new(1, sizeof *config);
    set_defaults(config);
    if (sources->dev)
        set_dev_defaults(config);
    bool ok =
        (!sources->file || config_file_read(sources->file, config, error)) &&
        read_environment(sources->environment, config, error) &&
        read_flags(sources, config, error) && complete(config, error);
    if (ok)
        return config;
    config_free(config);
    return NULL;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config_keys.count; i++)
        config_value_clear(&config_keys.items[i], config);
    caps_unref(config->auth.default_caps);
    free(config);
}
