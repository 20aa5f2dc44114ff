#include "accounts/accounts.h"

#include <pthread.h>
#include <stdlib.h>

#include "accounts/account_steps.h"
#include "accounts/guesses.h"
#include "accounts/sql_url.h"
#include "base/clock.h"
#include "base/inbox.h"
#include "base/memory.h"
#include "messaging/worker.h"

enum { HASH_NICENESS = 5, STORE_NICENESS = 0 };

struct accounts {
    /* set once */
    struct account_bench bench;
    struct account_store **stores; /* one per thread of its lane */
    uint32_t store_count;
    struct lane *lanes[ACCOUNT_LANES];
    struct guesses *guesses;
    pthread_mutex_t nobody_lock;
    char nobody[PASSWORD_HASH_MAX];
    /* any thread, under lock */
    pthread_mutex_t lock;
    pthread_cond_t is_idle;
    uint32_t open;
    uint32_t hashing; /* those that compute a password hash */
};

/* ---- answering -------------------------------------------------------------
 */

static void run_done(void *subject, void *object)
{
    struct account_request *request = object;
    request->done(subject, request);
}

static void answer(struct account_request *request)
{
    inbox_post(&request->worker->inbox,
               (struct inbox_item){run_done, request->worker, request});
}

static void finish(struct accounts *accounts, struct account_request *request)
{
    guesses_settle(accounts->guesses, request, clock_steady_ms());
    pthread_mutex_lock(&accounts->lock);
    accounts->open--;
    if (request->hashes)
        accounts->hashing--;
    if (!accounts->open)
        pthread_cond_signal(&accounts->is_idle);
    pthread_mutex_unlock(&accounts->lock);
    answer(request);
}

/* ---- the lanes -------------------------------------------------------------
 */

static const struct account_step *step_of(const struct account_request *request)
{
    bool is_over = request->fault || request->step >= ACCOUNT_STEPS_MAX;
    const struct account_step *step =
        is_over ? NULL : &account_steps[request->op][request->step];
    return step && step->run ? step : NULL;
}

static void go_on(struct accounts *accounts, struct account_request *request)
{
    const struct account_step *step = step_of(request);
    if (step)
        lane_post(accounts->lanes[step->lane], &request->item);
    else
        finish(accounts, request);
}

/* Drops requests that waited too long. */
static bool is_too_old(const struct account_request *request)
{
    return clock_elapsed(clock_steady_ms(), request->asked_ms) >
           ACCOUNTS_WAIT_MS;
}

static void work(struct accounts *accounts, struct account_store *store,
                 struct lane_item *item)
{
    struct account_request *request = (struct account_request *)item;
    if (is_too_old(request))
        request->fault = ACCOUNT_UNAVAILABLE;
    else
        step_of(request)->run(&accounts->bench, store, request);
    request->step++;
    go_on(accounts, request);
}

static void ask_store(void *arg, uint32_t index, struct lane_item *item)
{
    struct accounts *accounts = arg;
    work(accounts, accounts->stores[index], item);
}

static void compute(void *arg, uint32_t index, struct lane_item *item)
{
    (void)index;
    work(arg, NULL, item);
}

/* ---- asking ----------------------------------------------------------------
 */

static bool enter(struct accounts *accounts,
                  const struct account_request *request)
{
    const struct account_options *options = accounts->bench.options;
    uint32_t hashing_max = options->hash_threads + options->hash_queue;
    pthread_mutex_lock(&accounts->lock);
    bool has_room = accounts->open < ACCOUNTS_OPEN_MAX &&
                    (!request->hashes || accounts->hashing < hashing_max);
    if (has_room)
        accounts->open++;
    if (has_room && request->hashes)
        accounts->hashing++;
    pthread_mutex_unlock(&accounts->lock);
    return has_room;
}

void accounts_submit(struct accounts *accounts, struct account_request *request)
{
    request->asked_ms = clock_steady_ms();
    request->hashes = account_steps_hash(request->op);
    if (!enter(accounts, request)) {
        request->fault = ACCOUNT_BUSY;
        answer(request);
        return;
    }
    if (!guesses_take(accounts->guesses, request, request->asked_ms))
        request->fault = ACCOUNT_TOO_MANY_ATTEMPTS;
    go_on(accounts, request);
}

const struct account_options *accounts_options(const struct accounts *accounts)
{
    return accounts->bench.options;
}

/* ---- beginning and end -----------------------------------------------------
 */

static bool open_stores(struct accounts *accounts, struct error *error)
{
    const struct account_options *options = accounts->bench.options;
    uint32_t count = sql_url_path(options->url) ? 1 : options->connections;
    accounts->stores = memory_new(count, sizeof *accounts->stores);
    while (accounts->store_count < count) {
        struct error why;
        struct account_store *store =
            account_store_open(options->url, options->timeout_ms, &why);
        if (!store)
            return error_set(error, "accounts.url: %s", why.text);
        accounts->stores[accounts->store_count++] = store;
    }
    return true;
}

static void prepare(struct accounts *accounts)
{
    struct account_bench *bench = &accounts->bench;
    bench->cost = (struct password_cost){bench->options->hash_memory_kib,
                                         bench->options->hash_passes};
    bench->nobody = accounts->nobody;
    bench->lock = &accounts->nobody_lock;
    pthread_mutex_init(bench->lock, NULL);
}

struct accounts *accounts_new(const struct account_options *options,
                              const struct account_signer *signer,
                              struct error *error)
{
    struct accounts *accounts = memory_new(1, sizeof *accounts);
    pthread_mutex_init(&accounts->lock, NULL);
    pthread_cond_init(&accounts->is_idle, NULL);
    accounts->bench =
        (struct account_bench){.options = options, .signer = *signer};
    prepare(accounts);
    if (!open_stores(accounts, error)) {
        accounts_free(accounts);
        return NULL;
    }
    accounts->guesses = guesses_new(options);
    accounts->lanes[LANE_STORE] =
        lane_new(accounts->store_count, STORE_NICENESS, ask_store, accounts);
    accounts->lanes[LANE_HASH] =
        lane_new(options->hash_threads, HASH_NICENESS, compute, accounts);
    return accounts;
}

/* Lanes post into each other, so all requests must finish first. */
void accounts_settle(struct accounts *accounts)
{
    if (!accounts)
        return;
    pthread_mutex_lock(&accounts->lock);
    while (accounts->open)
        pthread_cond_wait(&accounts->is_idle, &accounts->lock);
    pthread_mutex_unlock(&accounts->lock);
    for (int i = 0; i < ACCOUNT_LANES; i++) {
        lane_free(accounts->lanes[i]);
        accounts->lanes[i] = NULL;
    }
}

void accounts_free(struct accounts *accounts)
{
    if (!accounts)
        return;
    accounts_settle(accounts);
    for (uint32_t i = 0; i < accounts->store_count; i++)
        account_store_close(accounts->stores[i]);
    free(accounts->stores);
    guesses_free(accounts->guesses);
    pthread_cond_destroy(&accounts->is_idle);
    pthread_mutex_destroy(&accounts->lock);
    pthread_mutex_destroy(&accounts->nobody_lock);
    free(accounts);
}
