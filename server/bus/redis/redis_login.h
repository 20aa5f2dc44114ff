/* redis_login: as whom we log in to Redis. It may change while links have it:
 * each uses what is there when it connects.
 *
 * Owner:   the struct owns its texts.
 * Thread:  one.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_LOGIN_H
#define PEAL_BUS_REDIS_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct redis_login {
    char *user;     /* or NULL */
    char *password; /* NULL: we do not log in */
};

/* Copies; both may be NULL. */
void redis_login_init(struct redis_login *login, const char *user,
                      const char *password);

bool redis_login_equal(const struct redis_login *one,
                       const struct redis_login *other);

/* Takes what `from` has, and leaves it empty. */
void redis_login_take(struct redis_login *login, struct redis_login *from);

void redis_login_deinit(struct redis_login *login);

/* The words of AUTH, borrowed; how many, 0 for none. */
enum { REDIS_LOGIN_WORDS = 3 };
size_t redis_login_words(const struct redis_login *login,
                         struct bytes words[REDIS_LOGIN_WORDS]);

#endif
