/* account_steps: the steps of each request, each run on the lane for its kind
 * of work; private to accounts/.
 *
 * Owner:   the table is static.
 * Thread:  a step runs on a thread of its lane.
 * Limits:  ACCOUNT_STEPS_MAX steps.
 * Failure: a step that sets `fault` is the last one.
 */
#ifndef PEAL_ACCOUNTS_ACCOUNT_STEPS_H
#define PEAL_ACCOUNTS_ACCOUNT_STEPS_H

#include <pthread.h>

#include "accounts/account_options.h"
#include "accounts/account_request.h"
#include "accounts/account_signer.h"

enum { ACCOUNT_STEPS_MAX = 4 };

enum account_lane { LANE_STORE, LANE_HASH, ACCOUNT_LANES };

/* State shared by steps. */
struct account_bench {
    const struct account_options *options;
    struct account_signer signer;
    struct password_cost cost;
    /* compared against for an unknown email; created at the first login */
    pthread_mutex_t *lock;
    char *nobody;
};

struct account_step {
    enum account_lane lane;
    /* NULL after the last step; `store` is NULL on LANE_HASH */
    void (*run)(const struct account_bench *bench, struct account_store *store,
                struct account_request *request);
};

extern const struct account_step account_steps[ACCOUNT_OPS][ACCOUNT_STEPS_MAX];

/* Whether the request computes a password hash. */
bool account_steps_hash(enum account_op op);

#endif
