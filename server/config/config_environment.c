#include "config/config_environment.h"
#include "config/config_notes.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text_file.h"
#include "config/config_origin.h"
#include "config/config_value.h"

#define PREFIX "PEAL_"
#define SUFFIX "_FILE"

enum { NAME_MAX_BYTES = 128 };

/* One variable of the environment, taken apart. Borrowed. */
struct variable {
    char name[NAME_MAX_BYTES];
    const char *value;
    const struct config_key *key; /* NULL: no such key */
    bool is_file;                 /* the value is the path of a file */
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* --- variables of others ------------------------------------------------- */

/* "tcp://10.96.12.7:8080", the value of NAME_PORT. */
static bool is_address(const char *value)
{
    return starts_with(value, "tcp://") || starts_with(value, "udp://") ||
           starts_with(value, "sctp://");
}

/* NAME_PORT_8080_TCP and NAME_PORT_8080_TCP_ADDR. */
static bool has_numbered_port(const char *name)
{
    static const char mark[] = "_PORT_";
    for (const char *at = name; (at = strstr(at, mark)) != NULL; at++) {
        const char *digits = at + strlen(mark);
        size_t count = strspn(digits, "0123456789");
        if (count && digits[count] == '_')
            return true;
    }
    return false;
}

/* Kubernetes sets such variables for each Service, Docker for each link, whose
 * names may begin with "peal". */
static bool is_foreign(const struct variable *variable)
{
    const char *name = variable->name;
    if (ends_with(name, "_PORT") && is_address(variable->value))
        return true;
    if (variable->key)
        return false;
    return ends_with(name, "_SERVICE_HOST") ||
           ends_with(name, "_SERVICE_PORT") || strstr(name, "_SERVICE_PORT_") ||
           has_numbered_port(name) || strstr(name, "_ENV_") ||
           (ends_with(name, "_NAME") && variable->value[0] == '/');
}

/* --- our own ------------------------------------------------------------- */

static const struct config_key *find_key(const char *name)
{
    for (size_t i = 0; i < config_keys.count; i++) {
        char known[NAME_MAX_BYTES];
        config_key_environment_name(&config_keys.items[i], known, sizeof known);
        if (strcmp(known, name) == 0)
            return &config_keys.items[i];
    }
    return NULL;
}

/* auth.key_file is a key, so the whole name is looked up first. */
static void find(struct variable *variable)
{
    variable->key = find_key(variable->name);
    if (variable->key || !ends_with(variable->name, SUFFIX))
        return;
    char name[NAME_MAX_BYTES];
    size_t len = strlen(variable->name) - strlen(SUFFIX);
    snprintf(name, sizeof name, "%.*s", (int)len, variable->name);
    variable->key = find_key(name);
    variable->is_file = variable->key != NULL;
}

static bool refuse_unknown(const char *name, struct error *error)
{
    struct spelling spelling = {.wanted = name + strlen(PREFIX)};
    for (size_t i = 0; i < config_keys.count; i++) {
        char known[NAME_MAX_BYTES];
        config_key_environment_name(&config_keys.items[i], known, sizeof known);
        spelling_offer(&spelling, known + strlen(PREFIX));
    }
    return spelling_refuse(&spelling, PREFIX, "key", error);
}

/* PEAL_RX_BUFFER_BYTES is rx_buffer_bytes. */
static bool is_retired(const struct variable *variable, struct config *config)
{
    char name[NAME_MAX_BYTES];
    const char *rest = variable->name + strlen(PREFIX);
    size_t len = strlen(rest);
    for (size_t i = 0; i <= len; i++)
        name[i] = (char)tolower((unsigned char)rest[i]);
    return !variable->key && config_key_is_retired(name) &&
           config_notes_retired(config, "the environment's ", name);
}

static bool read_file(const struct variable *variable, struct config *config,
                      struct error *why)
{
    struct buffer text = {0};
    struct error reason;
    bool ok = text_file_read_value(variable->value, &text, &reason) &&
              config_value_from_text(variable->key, buffer_text(&text), config,
                                     &reason);
    buffer_deinit(&text);
    return ok || error_set(why, "%.200s: %.250s", variable->value, reason.text);
}

static bool read_value(const struct variable *variable, struct config *config,
                       struct error *error)
{
    struct error why;
    bool ok = variable->is_file
                  ? read_file(variable, config, &why)
                  : config_value_from_text(variable->key, variable->value,
                                           config, &why);
    if (ok)
        config_origin_set(config, variable->key, variable->name);
    return ok || error_set(error, "%s: %.400s", variable->name, why.text);
}

/* There is no rule which of the two takes precedence. */
static bool check_only_one(const struct variable *variable,
                           char *const *environment, struct error *error)
{
    size_t len = strlen(variable->name) - strlen(SUFFIX);
    for (; variable->is_file && *environment; environment++)
        if (strncmp(*environment, variable->name, len) == 0 &&
            (*environment)[len] == '=')
            return error_set(error, "%s and %.*s are both set; set only one",
                             variable->name, (int)len, variable->name);
    return true;
}

/* `text` is NAME=value, as in environ. */
static bool take_apart(const char *text, struct variable *variable)
{
    size_t len = strcspn(text, "=");
    if (!starts_with(text, PREFIX) || !text[len])
        return false;
    *variable = (struct variable){.value = text + len + 1};
    snprintf(variable->name, sizeof variable->name, "%.*s", (int)len, text);
    find(variable);
    return true;
}

bool config_environment_read(char *const *environment, struct config *config,
                             struct error *error)
{
    struct variable variable;
    for (char *const *at = environment; at && *at; at++) {
        if (!take_apart(*at, &variable))
            continue;
        if (is_foreign(&variable))
            text_list_add(&config->notes.foreign, variable.name);
        else if (is_retired(&variable, config))
            continue;
        else if (!variable.key)
            return refuse_unknown(variable.name, error);
        else if (!check_only_one(&variable, environment, error) ||
                 !read_value(&variable, config, error))
            return false;
    }
    return true;
}
