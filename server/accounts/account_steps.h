/* account_steps: what is done for each request, step by step, each on the lane
 * that its work belongs to; private to accounts/.
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

/* What steps share. */
struct account_bench {
    const struct account_options *options;
    struct account_signer signer;
    struct password_cost cost;
    /* compared with for an unknown email; made at the first login */
    pthread_mutex_t *lock;
    char *nobody;
};

struct account_step {
    enum account_lane lane;
    /* NULL: there is no more; `store`: NULL on LANE_HASH */
    void (*run)(const struct account_bench *bench, struct account_store *store,
                struct account_request *request);
};

extern const struct account_step account_steps[ACCOUNT_OPS][ACCOUNT_STEPS_MAX];

/* Whether the request takes a password's computation. */
bool account_steps_hash(enum account_op op);

#endif
