/* redis_login: the credentials for Redis. They may change while links refer to
 * them: each uses the current ones when it connects.
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
    char *password; /* NULL: no login */
};

/* Copies; both may be NULL. */
void redis_login_init(struct redis_login *login, const char *user,
                      const char *password);

bool redis_login_equal(const struct redis_login *one,
                       const struct redis_login *other);

/* Moves the content of `from`, which becomes empty. */
void redis_login_take(struct redis_login *login, struct redis_login *from);

void redis_login_deinit(struct redis_login *login);

/* The words of AUTH, borrowed; returns their number, 0 for no login. */
enum { REDIS_LOGIN_WORDS = 3 };
size_t redis_login_words(const struct redis_login *login,
                         struct bytes words[REDIS_LOGIN_WORDS]);

#endif
