/* account_request: one account request and its answer.
 *
 * Like a bus request, it travels as one block: created on the requesting
 * worker, filled in by the accounts' threads, and posted back to that worker.
 *
 * Owner:   passed along with the request; the worker frees it after calling
 *          `done`.
 * Thread:  one at a time.
 * Limits:  its creator has checked the texts.
 * Failure: `fault` holds the reason.
 */
#ifndef PEAL_ACCOUNTS_ACCOUNT_REQUEST_H
#define PEAL_ACCOUNTS_ACCOUNT_REQUEST_H

#include "accounts/account.h"
#include "accounts/account_fault.h"
#include "accounts/account_store.h"
#include "accounts/lane.h"
#include "accounts/password.h"
#include "base/buffer.h"
#include "base/ip_address.h"

enum account_op {
    ACCOUNT_CREATE,   /* email, name, password */
    ACCOUNT_LOGIN,    /* email, password */
    ACCOUNT_REFRESH,  /* refresh_token */
    ACCOUNT_LOGOUT,   /* refresh_token */
    ACCOUNT_GET,      /* id */
    ACCOUNT_LIST,     /* skip, limit */
    ACCOUNT_UPDATE,   /* id, name or NULL, active or -1 */
    ACCOUNT_PASSWORD, /* id, password (current), new_password */
    ACCOUNT_RESET,    /* id, new_password */
    ACCOUNT_DELETE,   /* id */
    ACCOUNT_OPS
};

struct worker;

struct account_request {
    struct lane_item item; /* first: a struct lane_item is cast back */
    enum account_op op;
    /* the requester */
    void (*done)(struct worker *worker, struct account_request *request);
    struct worker *worker;
    void *subject;
    struct ip_address address;
    bool is_trusted; /* a backend, whose attempts are not counted */
    /* the request; texts are owned */
    char id[ACCOUNT_ID_LEN + 1];
    char *email;
    char *name;
    char *password;
    char *new_password;
    char *refresh_token;
    int active;
    uint64_t skip;
    uint32_t limit;
    /* the answer */
    enum account_fault fault;
    struct account account;
    struct account *accounts; /* LIST; owned */
    size_t account_count;
    struct buffer access_token;
    struct buffer next_token; /* a refresh token */
    bool ends_access; /* tokens below the account's generation are void */
    /* private to the accounts while they process it */
    uint64_t asked_ms;
    uint32_t step;
    bool hashes;
    bool is_familiar;             /* see guesses.h */
    char hash[PASSWORD_HASH_MAX]; /* hash of the new password */
};

struct account_request *account_request_new(enum account_op op);

/* Overwrites and frees secrets. */
void account_request_free(struct account_request *request);

#endif
