/* account_service: assembles accounts: the database, the tokens, and the
 * services for the API.
 *
 * Owner:   the server, which shuts it down in two steps, like hooks.
 * Thread:  the main thread.
 * Limits:  none of its own.
 * Failure: account_service_new reports the reason.
 */
#ifndef PEAL_ACCOUNT_SERVICE_H
#define PEAL_ACCOUNT_SERVICE_H

#include "api/api_accounts.h"
#include "config/config.h"

struct account_service;

/* The config is borrowed. Without accounts in it, `made` stays NULL; otherwise
 * the API serves them from now on. */
bool account_service_new(const struct config *config, struct api *api,
                         struct account_service **made, struct error *error);

/* The public keys that verify tokens, in addition to those of the config; NULL
 * without a service, and if auth.secret signs. Valid until the next tick.
 */
const char *account_service_keys(const struct account_service *service);

/* Call once a second: whether the keys have changed. NULL is allowed. */
bool account_service_tick(struct account_service *service);

/* Call after all worker threads have stopped: answers all requests. NULL is
 * ignored. */
void account_service_settle(struct account_service *service);

/* Call after all workers have read their answers. NULL is ignored. */
void account_service_free(struct account_service *service);

#endif
