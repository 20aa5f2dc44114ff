#include "bus/redis/redis_login.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static char *copy(const char *text)
{
    return text ? memory_copy_text(text, strlen(text)) : NULL;
}

static bool texts_equal(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

void redis_login_init(struct redis_login *login, const char *user,
                      const char *password)
{
    *login = (struct redis_login){copy(user), copy(password)};
}

bool redis_login_equal(const struct redis_login *one,
                       const struct redis_login *other)
{
    return texts_equal(one->user, other->user) &&
           texts_equal(one->password, other->password);
}

void redis_login_take(struct redis_login *login, struct redis_login *from)
{
    redis_login_deinit(login);
    *login = *from;
    *from = (struct redis_login){0};
}

void redis_login_deinit(struct redis_login *login)
{
    free(login->user);
    free(login->password);
    *login = (struct redis_login){0};
}

size_t redis_login_words(const struct redis_login *login,
                         struct bytes words[REDIS_LOGIN_WORDS])
{
    size_t count = 0;
    if (!login->password)
        return 0;
    words[count++] = BYTES_LITERAL("AUTH");
    if (login->user)
        words[count++] = bytes_of(login->user);
    words[count++] = bytes_of(login->password);
    return count;
}
