/* account_service: accounts put together: the database, the tokens, and what
 * the api is given of both.
 *
 * Owner:   the server, which ends it in two steps, as it ends hooks.
 * Thread:  the main thread.
 * Limits:  none of its own.
 * Failure: account_service_new says why.
 */
#ifndef PEAL_ACCOUNT_SERVICE_H
#define PEAL_ACCOUNT_SERVICE_H

#include "api/api_accounts.h"
#include "config/config.h"

struct account_service;

/* The config is borrowed; where it has no accounts `made` stays NULL. Else the
 * api serves them from here on. */
bool account_service_new(const struct config *config, struct api *api,
                         struct account_service **made, struct error *error);

/* The public keys that tokens are judged with, besides those of the config;
 * NULL for no service, and where auth.secret signs. Good until the next tick.
 */
const char *account_service_keys(const struct account_service *service);

/* Once a second: whether there are other keys. NULL is fine. */
bool account_service_tick(struct account_service *service);

/* When no worker's thread runs any more: all is answered. NULL is ignored. */
void account_service_settle(struct account_service *service);

/* When all workers have read their answers. NULL is ignored. */
void account_service_free(struct account_service *service);

#endif
