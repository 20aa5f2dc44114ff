#include "config/config_key.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const struct config_key *config_key_find(const struct config_keys *table,
                                         const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->items[i].name, name) == 0)
            return &table->items[i];
    return NULL;
}

bool config_key_is_retired(const char *name)
{
    static const char *const retired[] = {"rx_buffer_bytes"};
    for (size_t i = 0; i < sizeof retired / sizeof *retired; i++)
        if (strcmp(retired[i], name) == 0)
            return true;
    return false;
}

bool config_key_is_section(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < config_keys.count; i++)
        if (strncmp(config_keys.items[i].name, name, len) == 0 &&
            config_keys.items[i].name[len] == '.')
            return true;
    return false;
}

void config_key_offer(const struct config_keys *table,
                      struct spelling *spelling)
{
    for (size_t i = 0; i < table->count; i++)
        spelling_offer(spelling, table->items[i].name);
}

void config_key_offer_sections(struct spelling *spelling)
{
    for (size_t i = 0; i < config_keys.count; i++) {
        const char *name = config_keys.items[i].name;
        char section[SPELLING_MAX];
        int len = (int)strcspn(name, ".");
        snprintf(section, sizeof section, "%.*s", len, name);
        if (name[len])
            spelling_offer(spelling, section);
    }
}

void config_key_environment_name(const struct config_key *key, char *out,
                                 size_t size)
{
    snprintf(out, size, "PEAL_%s", key->name);
    for (; *out; out++)
        *out = *out == '.' ? '_' : (char)toupper((unsigned char)*out);
}
