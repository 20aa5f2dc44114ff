#include "bus/redis/redis_scripts.h"

/* made by CMake out of scripts/NAME.lua */
#include "redis_scripts_data.h"

#define SOURCE(array)                                                          \
    {                                                                          \
        (const char *)(array), sizeof(array)                                   \
    }

static const struct bytes sources[SCRIPT_COUNT] = {
    [SCRIPT_PUBLISH] = SOURCE(script_publish),
    [SCRIPT_READ] = SOURCE(script_read),
    [SCRIPT_PRESENCE] = SOURCE(script_presence),
    [SCRIPT_REAP] = SOURCE(script_reap),
    [SCRIPT_HEARTBEAT] = SOURCE(script_heartbeat),
    [SCRIPT_SET_ASIDE] = SOURCE(script_set_aside),
    [SCRIPT_CLIENT] = SOURCE(script_client),
    [SCRIPT_LOST] = SOURCE(script_lost),
};

struct bytes redis_script_source(enum redis_script script)
{
    return sources[script];
}
