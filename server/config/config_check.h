/* config_check: what must hold between keys, and on this machine.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: false, with the key, the reason and what to do.
 */
#ifndef PEAL_CONFIG_CHECK_H
#define PEAL_CONFIG_CHECK_H

#include "config/config.h"

/* Adds what is only worth a warning to the config's notes. */
bool config_check(struct config *config, struct error *error);

/* Whether clients must prove who they are wherever others can reach us. */
bool config_check_auth(const struct config *config, struct error *error);

/* Whether clients must prove who they are, by a token or a certificate. */
bool config_check_authenticates(const struct config *config);

/* Whether the application judges each client. */
bool config_check_asks_application(const struct config *config);

/* Whether only this machine can reach that address. */
bool config_check_is_loopback(const char *host);

#endif
