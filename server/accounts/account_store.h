/* account_store: users and their logins, on one connection to the database.
 *
 * A login is what a refresh token belongs to: each use gives it another
 * secret, and the use of an old secret ends it.
 *
 * Owner:   the lane's thread that opened it.
 * Thread:  that thread; it blocks, for accounts.timeout_ms at the most.
 * Limits:  50 logins of a user, of which the newest stay.
 * Failure: STORE_FAILED is logged. A server that is not reached is tried again
 *          with the next question.
 */
#ifndef PEAL_ACCOUNTS_ACCOUNT_STORE_H
#define PEAL_ACCOUNTS_ACCOUNT_STORE_H

#include "accounts/account.h"
#include "accounts/account_schema.h"

enum store_result {
    STORE_DONE,
    STORE_NONE,  /* there is no such user or login */
    STORE_TAKEN, /* the email is */
    STORE_FAILED
};

enum { LOGIN_ID_LEN = 32, LOGIN_SECRET_LEN = 64 };

struct account_store;

/* NULL and why. A server that is not reached yet is no error. */
struct account_store *account_store_open(const char *url, uint32_t timeout_ms,
                                         struct error *error);

/* NULL is ignored. */
void account_store_close(struct account_store *store);

enum store_result account_store_create(struct account_store *store,
                                       const struct account *account);

/* Fill a zeroed account. */
enum store_result account_store_by_id(struct account_store *store,
                                      const char *id, struct account *account);
enum store_result account_store_by_email(struct account_store *store,
                                         const char *email,
                                         struct account *account);

/* In the order of ids. `on_account` borrows. */
enum store_result
account_store_list(struct account_store *store, uint64_t skip, uint32_t limit,
                   void (*on_account)(void *arg, struct account *), void *arg);

/* `name`: NULL for as it is. `active`: -1 for as it is. */
enum store_result account_store_update(struct account_store *store,
                                       const char *id, const char *name,
                                       int active, struct account *account);

/* A new password ends all logins. */
enum store_result account_store_set_password(struct account_store *store,
                                             const char *id, const char *hash,
                                             struct account *account);

/* The same password at another cost, unless it was changed meanwhile. */
enum store_result account_store_rehash(struct account_store *store,
                                       const struct account *account,
                                       const char *hash);

enum store_result account_store_delete(struct account_store *store,
                                       const char *id, struct account *account);

/* `secret` is a hash. STORE_NONE: the account has changed since. */
enum store_result account_store_login(struct account_store *store,
                                      const struct account *account,
                                      const char *id, const char *secret,
                                      int64_t expires_ms);

/* Gives the login another secret, and fills a zeroed account. STORE_NONE:
 * there is no such login any more; `was_reused`: it was ended just now, since
 * the secret was one of before. */
enum store_result account_store_rotate(struct account_store *store,
                                       const char *id, const char *secret,
                                       const char *next, int64_t expires_ms,
                                       struct account *account,
                                       bool *was_reused);

enum store_result account_store_logout(struct account_store *store,
                                       const char *id);

#endif
