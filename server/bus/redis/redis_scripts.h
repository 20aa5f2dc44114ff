/* redis_scripts: the Lua scripts of scripts/, and their hashes.
 *
 * Owner:   static, except for the hashes, which Redis returns when it loads
 *          them.
 * Thread:  the bus's.
 * Limits:  none.
 * Failure: none here; code that gets an unknown script error reloads the
 *          scripts.
 */
#ifndef PEAL_BUS_REDIS_SCRIPTS_H
#define PEAL_BUS_REDIS_SCRIPTS_H

#include "base/bytes.h"

enum redis_script {
    SCRIPT_PUBLISH,
    SCRIPT_READ,
    SCRIPT_PRESENCE,
    SCRIPT_REAP,
    SCRIPT_HEARTBEAT,
    SCRIPT_SET_ASIDE,
    SCRIPT_CLIENT,
    SCRIPT_LOST,
    SCRIPT_COUNT
};

/* The source from the file of that name. */
struct bytes redis_script_source(enum redis_script script);

#endif
