#include "config/config_load.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "config/config_check.h"
#include "config/config_environment.h"
#include "config/config_file.h"
#include "config/config_folder.h"
#include "config/config_notes.h"
#include "config/config_origin.h"
#include "config/config_value.h"
#include "messaging/hub.h"

static void set_defaults(struct config *config)
{
    for (size_t i = 0; i < config_keys.count; i++)
        config_value_set_default(&config_keys.items[i], config);
}

static void note_origin(struct config *config, const char *key,
                        const char *before, const char *origin)
{
    struct buffer text = {0};
    buffer_append_format(&text, "%s%s", before, origin);
    config_origin_set(config, config_key_find(&config_keys, key),
                      buffer_text(&text));
    buffer_deinit(&text);
}

/* Whether the folder contains the demo: any project may have a folder named
 * web. */
static bool has_demo(const char *folder)
{
    struct buffer path = {0};
    buffer_append_format(&path, "%s/peal.js", folder);
    bool found = access(buffer_text(&path), R_OK) == 0;
    buffer_deinit(&path);
    return found;
}

/* $XDG_STATE_HOME/peal, created if missing; false on failure. */
static bool make_state_folder(struct buffer *path)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state && state[0] == '/')
        buffer_append_text(path, state);
    else if (home && home[0] == '/')
        buffer_append_format(path, "%s/.local/state", home);
    else
        return false;
    buffer_append_text(path, "/peal");
    char *text = (char *)buffer_text(path);
    for (char *end = strchr(text + 1, '/'); end; end = strchr(end + 1, '/')) {
        *end = '\0';
        mkdir(text, 0700);
        *end = '/';
    }
    mkdir(text, 0700);
    return access(text, W_OK | X_OK) == 0;
}

/* Gives the demo sign-up. */
static void set_dev_accounts(struct config *config)
{
    struct buffer folder = {0};
    struct buffer url = {0};
    if (make_state_folder(&folder)) {
        buffer_append_format(&url, "sqlite://%s/accounts.db",
                             buffer_text(&folder));
        config->accounts.url = memory_copy_text(url.data, url.len);
        config->accounts.directory = true;
    }
    buffer_deinit(&folder);
    buffer_deinit(&url);
}

/* Defaults for trying Peal; file, environment and flags take precedence.
 * PEAL_WEB_ROOT is the demo's folder: in the source tree, or installed. */
static void set_dev_defaults(struct config *config)
{
    const char *web_root = has_demo("web") ? "web" : PEAL_WEB_ROOT;
    config->dev = true;
    config->explain_refusals = true;
    note_origin(config, "explain_refusals", "", "--dev");
    if (!has_demo(web_root))
        return;
    config->web_root = memory_copy_text(web_root, strlen(web_root));
    note_origin(config, "web_root", "", "--dev");
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
        return config_notes_retired(config, "--", flag->name) ||
               refuse_flag(flag->name, error);
    struct error reason;
    if (!config_value_from_text(key, flag->value, config, &reason))
        return error_set(error, "--%s: %.400s", flag->name, reason.text);
    note_origin(config, flag->name, "--", flag->name);
    return true;
}

static bool read_flags(const struct config_sources *sources,
                       struct config *config, struct error *error)
{
    for (size_t i = 0; i < sources->flag_count; i++)
        if (!read_flag(&sources->flags[i], config, error))
            return false;
    return true;
}

/* The cores of this process, which taskset and containers restrict. */
static uint32_t count_cores(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 1;
    uint32_t count = (uint32_t)CPU_COUNT(&cores);
    return count < HUB_WORKERS_MAX ? count : HUB_WORKERS_MAX;
}

/* For trying the API: a key that is valid until the process ends, across
 * reloads. */
static void add_dev_key(struct config *config)
{
    if (!config->dev || config->api.key || config->api.keys.count)
        return;
    static char key[API_KEY_MADE + 1];
    if (!key[0])
        api_key_make(key);
    config->api.key = memory_copy_text(key, strlen(key));
    config->has_dev_key = true;
    note_origin(config, "api.key", "", "--dev");
}

/* Without authentication, only pages of this machine may connect, unless
 * --insecure is set. */
static bool wants_loopback_names(const struct config *config)
{
    bool is_open = !config_check_authenticates(config) &&
                   !config_check_asks_application(config);
    return (config->dev || is_open) && !config->insecure &&
           config_check_is_loopback(config->host);
}

/* With --dev, accounts are optional. */
static bool lets_try(const struct config *config)
{
    const struct auth_options *auth = &config->auth;
    return config->dev && config->accounts.url && !auth->secret &&
           !auth->key_file && !auth->jwks_file && !auth->jwks_url;
}

static bool complete(struct config *config, struct error *error)
{
    add_dev_key(config);
    if (!config->workers)
        config->workers = count_cores();
    struct json *rules =
        json_parse(bytes_of(config->default_caps_json), false, error);
    PANIC_IF(!rules); /* it was already read once */
    config->auth.default_caps = caps_parse(rules, error);
    config->auth.certificates =
        config->tls.client_ca && config->tls.client_id_from_certificate;
    json_free(rules);
    if (config->dev && !config->accounts.url &&
        !config_check_authenticates(config))
        set_dev_accounts(config);
    config->auth.tokens_optional = lets_try(config);
    config->auth.loopback_origins =
        config->dev && config_check_is_loopback(config->host);
    config->auth.loopback_hosts = wants_loopback_names(config);
    config_notes_judge_secrets(config);
    return config->auth.default_caps && config_check(config, error);
}

struct config *config_load(const struct config_sources *sources,
                           struct error *error)
{
    struct config *config = memory_new(1, sizeof *config);
    set_defaults(config);
    if (sources->dev)
        set_dev_defaults(config);
    bool ok = (!sources->file ||
               (config_file_read(sources->file, config, error) &&
                config_folder_read(sources->file, config, error))) &&
              config_environment_read(sources->environment, config, error) &&
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
    config_origin_free(config);
    config_notes_deinit(&config->notes);
    free(config);
}
