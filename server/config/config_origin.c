#include "config/config_origin.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static size_t place_of(const struct config_key *key)
{
    return (size_t)(key - config_keys.items);
}

void config_origin_set(struct config *config, const struct config_key *key,
                       const char *origin)
{
    if (!config->origins)
        config->origins =
            memory_new(config_keys.count, sizeof *config->origins);
    char **place = &config->origins[place_of(key)];
    free(*place);
    *place = memory_copy_text(origin, strlen(origin));
}

const char *config_origin_of(const struct config *config,
                             const struct config_key *key)
{
    const char *origin =
        config->origins ? config->origins[place_of(key)] : NULL;
    return origin ? origin : "default";
}

void config_origin_free(struct config *config)
{
    for (size_t i = 0; config->origins && i < config_keys.count; i++)
        free(config->origins[i]);
    free(config->origins);
}
