#include <stdlib.h>

#include "accounts/account_store.h"
#include "accounts/password.h"
#include "base/clock.h"
#include "base/memory.h"
#include "commands/user_access.h"

struct database {
    struct user_access base; /* first: a struct user_access is cast to this */
    const struct account_options *options;
    struct account_store *store;
};

static struct account_store *store_of(struct user_access *access)
{
    return ((struct database *)access)->store;
}

static bool judge(enum store_result result, struct error *error)
{
    switch (result) {
    case STORE_DONE:
        return true;
    case STORE_NONE:
        return error_set(error, "there is no such user");
    case STORE_TAKEN:
        return error_set(error, "the email is registered already");
    case STORE_FAILED:
        break;
    }
    return error_set(error, "the database query failed");
}

static bool find(struct user_access *access, const char *who,
                 struct account *account, struct error *error)
{
    enum store_result result;
    char *email = memory_copy_text(who, strlen(who));
    if (account_email_normalize(email, strlen(email)))
        result = account_store_by_email(store_of(access), email, account);
    else
        result = account_store_by_id(store_of(access), who, account);
    free(email);
    return judge(result, error);
}

static bool hash(struct user_access *access, const char *password,
                 char out[PASSWORD_HASH_MAX], struct error *error)
{
    const struct account_options *options =
        ((struct database *)access)->options;
    const struct password_cost cost = {options->hash_memory_kib,
                                       options->hash_passes};
    return password_hash(bytes_of(password), &cost, out) ||
           error_set(error, "not enough memory for Argon2");
}

static bool add(struct user_access *access, struct account *account,
                struct error *error)
{
    char hashed[PASSWORD_HASH_MAX];
    if (!hash(access, account->password, hashed, error))
        return false;
    explicit_bzero(account->password, strlen(account->password));
    free(account->password);
    account->password = memory_copy_text(hashed, strlen(hashed));
    account->created_ms = clock_wall_ms();
    account->is_active = true;
    account_id_make(account->created_ms, account->id);
    return judge(account_store_create(store_of(access), account), error);
}

static bool set_active(struct user_access *access, const char *id,
                       bool is_active, struct error *error)
{
    struct account account = {0};
    bool ok = judge(
        account_store_update(store_of(access), id, NULL, is_active, &account),
        error);
    account_deinit(&account);
    return ok;
}

static bool set_password(struct user_access *access, const char *id,
                         const char *password, struct error *error)
{
    char hashed[PASSWORD_HASH_MAX];
    struct account account = {0};
    bool ok = hash(access, password, hashed, error) &&
              judge(account_store_set_password(store_of(access), id, hashed,
                                               &account),
                    error);
    account_deinit(&account);
    return ok;
}

static bool remove_user(struct user_access *access, const char *id,
                        struct error *error)
{
    struct account account = {0};
    bool ok =
        judge(account_store_delete(store_of(access), id, &account), error);
    account_deinit(&account);
    return ok;
}

struct taking {
    user_access_take *take;
    void *arg;
    int count;
};

static void take_one(void *arg, struct account *account)
{
    struct taking *taking = arg;
    taking->take(taking->arg, account);
    taking->count++;
}

static int list(struct user_access *access, uint64_t skip,
                user_access_take *take, void *arg, struct error *error)
{
    struct taking taking = {take, arg, 0};
    bool ok = judge(account_store_list(store_of(access), skip, USER_PAGE,
                                       take_one, &taking),
                    error);
    return ok ? taking.count : -1;
}

static void close_database(struct user_access *access)
{
    account_store_close(store_of(access));
    free(access);
}

struct user_access *user_database_open(const struct account_options *options,
                                       struct error *error)
{
    static const struct user_access_ops ops = {
        find, add, set_active, set_password, remove_user, list, close_database,
    };
    struct account_store *store =
        account_store_open(options->url, options->timeout_ms, error);
    if (!store)
        return NULL;
    struct database *database = memory_new(1, sizeof *database);
    *database = (struct database){{&ops}, options, store};
    return &database->base;
}
