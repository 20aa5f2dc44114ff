/* config_check: checks that involve several keys, or this machine.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: false, with the key, the reason and what to do.
 */
#ifndef PEAL_CONFIG_CHECK_H
#define PEAL_CONFIG_CHECK_H

#include "config/config.h"

/* Checks the config; adds warnings to its notes. */
bool config_check(struct config *config, struct error *error);

/* Whether clients must authenticate if the server is reachable from other
 * machines. */
bool config_check_auth(const struct config *config, struct error *error);

/* Whether clients must authenticate, by a token or a certificate. */
bool config_check_authenticates(const struct config *config);

/* Whether the application authorizes each client. */
bool config_check_asks_application(const struct config *config);

/* Whether the address is reachable only from this machine. */
bool config_check_is_loopback(const char *host);

#endif
