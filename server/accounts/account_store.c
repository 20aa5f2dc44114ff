#include "accounts/account_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "accounts/sql_url.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

enum { NUMBER_TEXT = 24, EXPIRE_EVERY_MS = 60000 };

struct account_store {
    struct sql *sql;
    bool is_migrated;
    uint64_t expired_ms; /* when expired logins were last deleted */
};

typedef char number_text[NUMBER_TEXT];

static const char *print(int64_t number, number_text out)
{
    snprintf(out, NUMBER_TEXT, "%" PRId64, number);
    return out;
}

/* ---- asking ---------------------------------------------------------------
 */

static enum store_result fail(const struct error *error)
{
    log_limited(LOG_ERROR, 1, "Account store failed",
                LOG_TEXT("reason", error->text));
    return STORE_FAILED;
}

/* A server that was unreachable at start-up may be reachable now. */
static bool is_ready(struct account_store *store, struct error *error)
{
    if (!store->is_migrated)
        store->is_migrated =
            account_schema_migrate(store->sql, error) == SCHEMA_READY;
    return store->is_migrated;
}

static enum store_result ask(struct account_store *store,
                             enum account_query query,
                             const char *const *parameters, int count,
                             sql_row *on_row, void *arg)
{
    struct error error;
    if (!is_ready(store, &error))
        return fail(&error);
    switch (sql_run(store->sql, account_queries[query], parameters, count,
                    on_row, arg, &error)) {
    case SQL_DONE:
        return STORE_DONE;
    case SQL_TAKEN:
        return STORE_TAKEN;
    case SQL_FAILED:
        break;
    }
    return fail(&error);
}

static char *copy(const char *text)
{
    return memory_copy_text(text ? text : "", text ? strlen(text) : 0);
}

static void read_account(void *arg, const char *const *columns, int count)
{
    struct account *account = arg;
    PANIC_IF(count != 7);
    account_deinit(account);
    snprintf(account->id, sizeof account->id, "%s", columns[0]);
    account->email = copy(columns[1]);
    account->name = copy(columns[2]);
    account->password = copy(columns[3]);
    account->is_active = atoi(columns[4]) != 0;
    account->generation = (uint32_t)strtoul(columns[5], NULL, 10);
    account->created_ms = strtoll(columns[6], NULL, 10);
}

/* A query for one account, or none. */
static enum store_result ask_account(struct account_store *store,
                                     enum account_query query,
                                     const char *const *parameters, int count,
                                     struct account *account)
{
    enum store_result result =
        ask(store, query, parameters, count, read_account, account);
    return result == STORE_DONE && !account->id[0] ? STORE_NONE : result;
}

/* ---- users -----------------------------------------------------------------
 */

enum store_result account_store_create(struct account_store *store,
                                       const struct account *account)
{
    number_text created;
    const char *parameters[] = {account->id, account->email, account->name,
                                account->password,
                                print(account->created_ms, created)};
    return ask(store, QUERY_CREATE, parameters, 5, NULL, NULL);
}

enum store_result account_store_by_id(struct account_store *store,
                                      const char *id, struct account *account)
{
    return ask_account(store, QUERY_BY_ID, &id, 1, account);
}

enum store_result account_store_by_email(struct account_store *store,
                                         const char *email,
                                         struct account *account)
{
    return ask_account(store, QUERY_BY_EMAIL, &email, 1, account);
}

struct listing {
    void (*on_account)(void *arg, struct account *);
    void *arg;
};

static void list_row(void *arg, const char *const *columns, int count)
{
    const struct listing *listing = arg;
    struct account account = {0};
    read_account(&account, columns, count);
    listing->on_account(listing->arg, &account);
    account_deinit(&account);
}

enum store_result
account_store_list(struct account_store *store, uint64_t skip, uint32_t limit,
                   void (*on_account)(void *arg, struct account *), void *arg)
{
    number_text texts[2];
    struct listing listing = {on_account, arg};
    int64_t offset = skip > INT64_MAX ? INT64_MAX : (int64_t)skip;
    const char *parameters[] = {print(limit, texts[0]),
                                print(offset, texts[1])};
    return ask(store, QUERY_LIST, parameters, 2, list_row, &listing);
}

static void end_logins(struct account_store *store, const char *id)
{
    /* old tokens are refused even if this fails */
    ask(store, QUERY_LOGINS_END, &id, 1, NULL, NULL);
}

enum store_result account_store_update(struct account_store *store,
                                       const char *id, const char *name,
                                       int active, struct account *account)
{
    number_text text;
    const char *parameters[] = {id, name,
                                active < 0 ? NULL : print(active, text)};
    enum store_result result =
        ask_account(store, QUERY_UPDATE, parameters, 3, account);
    if (result == STORE_DONE && active == 0)
        end_logins(store, id);
    return result;
}

enum store_result account_store_set_password(struct account_store *store,
                                             const char *id, const char *hash,
                                             struct account *account)
{
    const char *parameters[] = {id, hash};
    enum store_result result =
        ask_account(store, QUERY_SET_PASSWORD, parameters, 2, account);
    if (result == STORE_DONE)
        end_logins(store, id);
    return result;
}

enum store_result account_store_rehash(struct account_store *store,
                                       const struct account *account,
                                       const char *hash)
{
    const char *parameters[] = {account->id, hash, account->password};
    return ask(store, QUERY_REHASH, parameters, 3, NULL, NULL);
}

enum store_result account_store_delete(struct account_store *store,
                                       const char *id, struct account *account)
{
    return ask_account(store, QUERY_DELETE, &id, 1, account);
}

/* ---- logins ----------------------------------------------------------------
 */

static void note_row(void *arg, const char *const *columns, int count)
{
    (void)columns;
    (void)count;
    *(bool *)arg = true;
}

static void expire(struct account_store *store)
{
    number_text now;
    uint64_t now_ms = clock_steady_ms();
    if (store->expired_ms &&
        clock_elapsed(now_ms, store->expired_ms) < EXPIRE_EVERY_MS)
        return;
    store->expired_ms = now_ms;
    const char *parameter = print(clock_wall_ms(), now);
    ask(store, QUERY_LOGINS_EXPIRE, &parameter, 1, NULL, NULL);
}

enum store_result account_store_login(struct account_store *store,
                                      const struct account *account,
                                      const char *id, const char *secret,
                                      int64_t expires_ms)
{
    number_text texts[3];
    bool is_added = false;
    const char *user = account->id;
    const char *parameters[] = {id,
                                user,
                                secret,
                                print(clock_wall_ms(), texts[0]),
                                print(expires_ms, texts[1]),
                                print(account->generation, texts[2])};
    enum store_result result =
        ask(store, QUERY_LOGIN_ADD, parameters, 6, note_row, &is_added);
    if (result != STORE_DONE || !is_added)
        return result == STORE_DONE ? STORE_NONE : result;
    ask(store, QUERY_LOGINS_TRIM, &user, 1, NULL, NULL);
    expire(store);
    return STORE_DONE;
}

struct rotation {
    char user[ACCOUNT_ID_LEN + 1];
    uint32_t generation;
};

static void read_rotation(void *arg, const char *const *columns, int count)
{
    struct rotation *rotation = arg;
    PANIC_IF(count != 2);
    snprintf(rotation->user, sizeof rotation->user, "%s", columns[0]);
    rotation->generation = (uint32_t)strtoul(columns[1], NULL, 10);
}

static void read_end(void *arg, const char *const *columns, int count)
{
    PANIC_IF(count != 1);
    *(int64_t *)arg = strtoll(columns[0], NULL, 10);
}

/* An old secret was used, so one of two holders has stolen it, unless the login
 * is already over. */
static enum store_result end_reused(struct account_store *store, const char *id,
                                    bool *was_reused)
{
    int64_t expires_ms = 0;
    enum store_result result =
        ask(store, QUERY_LOGIN_END, &id, 1, read_end, &expires_ms);
    *was_reused = expires_ms > clock_wall_ms();
    return result == STORE_DONE ? STORE_NONE : result;
}

enum store_result account_store_rotate(struct account_store *store,
                                       const char *id, const char *secret,
                                       const char *next, int64_t expires_ms,
                                       struct account *account,
                                       bool *was_reused)
{
    number_text texts[2];
    struct rotation rotation = {0};
    const char *parameters[] = {id, secret, next, print(expires_ms, texts[0]),
                                print(clock_wall_ms(), texts[1])};
    *was_reused = false;
    enum store_result result =
        ask(store, QUERY_LOGIN_ROTATE, parameters, 5, read_rotation, &rotation);
    if (result != STORE_DONE)
        return result;
    if (!rotation.user[0])
        return end_reused(store, id, was_reused);
    result = account_store_by_id(store, rotation.user, account);
    if (result == STORE_DONE &&
        (!account->is_active || account->generation != rotation.generation))
        return STORE_NONE;
    return result;
}

enum store_result account_store_logout(struct account_store *store,
                                       const char *id)
{
    return ask(store, QUERY_LOGIN_END, &id, 1, NULL, NULL);
}

/* ---- opening ---------------------------------------------------------------
 */

struct account_store *account_store_open(const char *url, uint32_t timeout_ms,
                                         struct error *error)
{
    struct sql *sql = sql_url_open(url, timeout_ms, error);
    if (!sql)
        return NULL;
    struct account_store *store = memory_new(1, sizeof *store);
    store->sql = sql;
    enum account_schema_result result = account_schema_migrate(sql, error);
    store->is_migrated = result == SCHEMA_READY;
    if (result == SCHEMA_READY ||
        (result == SCHEMA_UNREACHABLE && !sql_url_path(url)))
        return store;
    account_store_close(store);
    return NULL;
}

void account_store_close(struct account_store *store)
{
    if (!store)
        return;
    sql_close(store->sql);
    free(store);
}
