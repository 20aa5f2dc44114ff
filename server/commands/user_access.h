/* user_access: access to accounts for `peal user`, through the database or a
 * running server's API.
 *
 * Owner:   the caller, freed by user_access_close.
 * Thread:  one, and it blocks.
 * Limits:  USER_PAGE users are read at a time.
 * Failure: false and the reason.
 */
#ifndef PEAL_USER_ACCESS_H
#define PEAL_USER_ACCESS_H

#include <stdbool.h>

#include "accounts/account.h"
#include "accounts/account_options.h"
#include "commands/remote.h"

enum { USER_PAGE = 100 };

struct user_access;

/* Called with each user, borrowed. */
typedef void user_access_take(void *arg, const struct account *account);

struct user_access_ops {
    /* Finds a user by id or, in the database, by email. Fills a zeroed account.
     */
    bool (*find)(struct user_access *access, const char *who,
                 struct account *account, struct error *error);
    /* Adds a user with the account's email, name and password; fills in the
     * rest. */
    bool (*add)(struct user_access *access, struct account *account,
                struct error *error);
    bool (*set_active)(struct user_access *access, const char *id,
                       bool is_active, struct error *error);
    bool (*set_password)(struct user_access *access, const char *id,
                         const char *password, struct error *error);
    bool (*remove)(struct user_access *access, const char *id,
                   struct error *error);
    /* Returns the number of users; -1: failure. */
    int (*list)(struct user_access *access, uint64_t skip,
                user_access_take *take, void *arg, struct error *error);
    void (*close)(struct user_access *access);
};

/* Embedded as the first member of each. */
struct user_access {
    const struct user_access_ops *ops;
};

struct user_access *user_database_open(const struct account_options *options,
                                       struct error *error);

struct user_access *user_api_open(const struct remote_options *options);

#endif
