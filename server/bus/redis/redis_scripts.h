/* redis_scripts: the Lua scripts of scripts/, and how they are called.
 *
 * Owner:   static, but for the hashes, which Redis tells when it loads them.
 * Thread:  the bus's.
 * Limits:  none.
 * Failure: none here; a script Redis does not know (any more) is loaded anew
 *          by whoever gets the error.
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

/* Its source, out of the file of that name. */
struct bytes redis_script_source(enum redis_script script);

#endif
