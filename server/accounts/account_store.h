/* account_store: users and their logins, on one connection to the database.
 *
 * A login owns a refresh token. Each use replaces its secret; the use of an old
 * secret ends the login.
 *
 * Owner:   the lane's thread that opened it.
 * Thread:  that thread; it blocks for at most accounts.timeout_ms.
 * Limits:  50 logins per user; the newest are kept.
 * Failure: STORE_FAILED is logged. An unreachable server is retried with the
 *          next query.
 */
#ifndef PEAL_ACCOUNTS_ACCOUNT_STORE_H
#define PEAL_ACCOUNTS_ACCOUNT_STORE_H

#include "accounts/account.h"
#include "accounts/account_schema.h"

enum store_result {
    STORE_DONE,
    STORE_NONE,  /* no such user or login */
    STORE_TAKEN, /* the email exists */
    STORE_FAILED
};

enum { LOGIN_ID_LEN = 32, LOGIN_SECRET_LEN = 64 };

struct account_store;

/* NULL and the reason. A server that is not reachable yet is not an error. */
struct account_store *account_store_open(const char *url, uint32_t timeout_ms,
                                         struct error *error);

/* NULL is ignored. */
void account_store_close(struct account_store *store);

enum store_result account_store_create(struct account_store *store,
                                       const struct account *account);

/* Both fill a zeroed account. */
enum store_result account_store_by_id(struct account_store *store,
                                      const char *id, struct account *account);
enum store_result account_store_by_email(struct account_store *store,
                                         const char *email,
                                         struct account *account);

/* In the order of ids. `on_account` borrows. */
enum store_result
account_store_list(struct account_store *store, uint64_t skip, uint32_t limit,
                   void (*on_account)(void *arg, struct account *), void *arg);

/* `name`: NULL for unchanged. `active`: -1 for unchanged. */
enum store_result account_store_update(struct account_store *store,
                                       const char *id, const char *name,
                                       int active, struct account *account);

/* Sets a new password and ends all logins. */
enum store_result account_store_set_password(struct account_store *store,
                                             const char *id, const char *hash,
                                             struct account *account);

/* Stores the same password hashed at another cost, unless it has changed
 * meanwhile. */
enum store_result account_store_rehash(struct account_store *store,
                                       const struct account *account,
                                       const char *hash);

enum store_result account_store_delete(struct account_store *store,
                                       const char *id, struct account *account);

/* `secret` is a hash. STORE_NONE: the account has changed meanwhile. */
enum store_result account_store_login(struct account_store *store,
                                      const struct account *account,
                                      const char *id, const char *secret,
                                      int64_t expires_ms);

/* Replaces the login's secret and fills a zeroed account. STORE_NONE: the login
 * does not exist; `was_reused`: it was just ended because the secret was an old
 * one. */
enum store_result account_store_rotate(struct account_store *store,
                                       const char *id, const char *secret,
                                       const char *next, int64_t expires_ms,
                                       struct account *account,
                                       bool *was_reused);

enum store_result account_store_logout(struct account_store *store,
                                       const char *id);

#endif
