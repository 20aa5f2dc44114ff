#include "accounts/account_steps.h"

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"

enum { SECRET_BYTES = 32, ID_BYTES = 16, DAY_MS = 86400000 };

#define STEP(name)                                                             \
    static void name(const struct account_bench *bench,                        \
                     struct account_store *store,                              \
                     struct account_request *request)

static void take_result(struct account_request *request,
                        enum store_result result, enum account_fault none)
{
    static const enum account_fault faults[] = {
        [STORE_DONE] = ACCOUNT_OK,
        [STORE_TAKEN] = ACCOUNT_EMAIL_TAKEN,
        [STORE_FAILED] = ACCOUNT_UNAVAILABLE,
    };
    request->fault = result == STORE_NONE ? none : faults[result];
}

/* ---- users -----------------------------------------------------------------
 */

static void hash(const struct account_bench *bench,
                 struct account_request *request, const char *password)
{
    if (!password_hash(bytes_of(password), &bench->cost, request->hash))
        request->fault = ACCOUNT_UNAVAILABLE;
}

STEP(hash_first)
{
    (void)store;
    hash(bench, request, request->password);
}

static char *moved(char **text)
{
    char *taken = *text;
    *text = NULL;
    return taken;
}

STEP(create)
{
    (void)bench;
    struct account *account = &request->account;
    account->created_ms = clock_wall_ms();
    account_id_make(account->created_ms, account->id);
    account->email = moved(&request->email);
    account->name = moved(&request->name);
    account->password = memory_copy_text(request->hash, strlen(request->hash));
    account->is_active = true;
    account->generation = 1;
    take_result(request, account_store_create(store, account),
                ACCOUNT_UNAVAILABLE);
}

STEP(get)
{
    (void)bench;
    take_result(request,
                account_store_by_id(store, request->id, &request->account),
                ACCOUNT_NOT_FOUND);
}

static void add_to_list(void *arg, struct account *account)
{
    struct account_request *request = arg;
    request->accounts =
        memory_resize(request->accounts, request->account_count + 1,
                      sizeof *request->accounts);
    request->accounts[request->account_count++] = *account;
    *account = (struct account){0};
}

STEP(list)
{
    (void)bench;
    take_result(request,
                account_store_list(store, request->skip, request->limit,
                                   add_to_list, request),
                ACCOUNT_NOT_FOUND);
}

STEP(update)
{
    (void)bench;
    take_result(request,
                account_store_update(store, request->id, request->name,
                                     request->active, &request->account),
                ACCOUNT_NOT_FOUND);
    request->ends_access = !request->fault && request->active == 0;
}

STEP(delete)
{
    (void)bench;
    take_result(request,
                account_store_delete(store, request->id, &request->account),
                ACCOUNT_NOT_FOUND);
    request->account.generation++;
    request->ends_access = !request->fault;
}

STEP(check_password)
{
    (void)store;
    if (!password_matches(bytes_of(request->password),
                          request->account.password))
        request->fault = ACCOUNT_WRONG_PASSWORD;
    else
        hash(bench, request, request->new_password);
}

STEP(hash_new)
{
    (void)store;
    hash(bench, request, request->new_password);
}

STEP(set_password)
{
    (void)bench;
    take_result(request,
                account_store_set_password(store, request->id, request->hash,
                                           &request->account),
                ACCOUNT_NOT_FOUND);
    request->ends_access = !request->fault;
}

/* ---- logins ----------------------------------------------------------------
 */

/* A refresh token: the login's id and its secret; the store keeps the secret's
 * hash. */
struct refresh {
    char id[LOGIN_ID_LEN + 1];
    char hash[LOGIN_SECRET_LEN + 1];
};

static void hash_secret(struct bytes secret, char out[LOGIN_SECRET_LEN + 1])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    PANIC_IF(EVP_Digest(secret.data, secret.len, digest, NULL, EVP_sha256(),
                        NULL) != 1);
    hex_encode(digest, SECRET_BYTES, out);
}

static bool read_refresh(const char *token, struct refresh *refresh)
{
    uint8_t raw[ID_BYTES];
    struct bytes text = bytes_of(token);
    if (text.len != LOGIN_ID_LEN + 1 + LOGIN_SECRET_LEN ||
        !hex_decode((struct bytes){token, LOGIN_ID_LEN}, raw, sizeof raw))
        return false;
    memcpy(refresh->id, token, LOGIN_ID_LEN);
    refresh->id[LOGIN_ID_LEN] = '\0';
    hash_secret(bytes_skip(text, LOGIN_ID_LEN + 1), refresh->hash);
    return true;
}

/* Hashes the secret of the login `refresh`. */
static void make_refresh(struct refresh *refresh, struct buffer *token)
{
    uint8_t raw[SECRET_BYTES];
    char secret[LOGIN_SECRET_LEN + 1];
    random_fill(raw, sizeof raw);
    hex_encode(raw, sizeof raw, secret);
    hash_secret(bytes_of(secret), refresh->hash);
    buffer_append_format(token, "%s.%s", refresh->id, secret);
    explicit_bzero(secret, sizeof secret);
}

static int64_t login_end(const struct account_bench *bench)
{
    return clock_wall_ms() + (int64_t)bench->options->login_days * DAY_MS;
}

static void sign(const struct account_bench *bench,
                 struct account_request *request)
{
    if (!bench->signer.sign(bench->signer.arg, &request->account,
                            &request->access_token))
        request->fault = ACCOUNT_UNAVAILABLE;
}

/* The time taken must not reveal whether the account exists. */
STEP(find_login)
{
    (void)bench;
    enum store_result result =
        account_store_by_email(store, request->email, &request->account);
    if (result == STORE_FAILED)
        request->fault = ACCOUNT_UNAVAILABLE;
}

/* In both cases, so that the first login reveals nothing. */
static void make_nobody(const struct account_bench *bench)
{
    pthread_mutex_lock(bench->lock);
    if (!bench->nobody[0])
        password_hash(BYTES_LITERAL("nobody has this one"), &bench->cost,
                      bench->nobody);
    pthread_mutex_unlock(bench->lock);
}

STEP(check_login)
{
    (void)store;
    const struct account *account = &request->account;
    make_nobody(bench);
    const char *stored = account->id[0] ? account->password : bench->nobody;
    bool matches = password_matches(bytes_of(request->password), stored);
    if (!matches || !account->id[0])
        request->fault = ACCOUNT_WRONG_LOGIN;
    else if (!account->is_active)
        request->fault = ACCOUNT_DISABLED;
    else if (password_is_outdated(account->password, &bench->cost))
        hash(bench, request, request->password);
}

STEP(add_login)
{
    struct refresh refresh = {0};
    uint8_t raw[ID_BYTES];
    random_fill(raw, sizeof raw);
    hex_encode(raw, sizeof raw, refresh.id);
    make_refresh(&refresh, &request->next_token);
    take_result(request,
                account_store_login(store, &request->account, refresh.id,
                                    refresh.hash, login_end(bench)),
                ACCOUNT_WRONG_LOGIN);
    if (request->fault)
        return;
    if (request->hash[0])
        account_store_rehash(store, &request->account, request->hash);
    sign(bench, request);
}

STEP(refresh)
{
    struct refresh now;
    struct refresh next;
    bool was_reused;
    if (!read_refresh(request->refresh_token, &now)) {
        request->fault = ACCOUNT_BAD_REFRESH_TOKEN;
        return;
    }
    next = now;
    make_refresh(&next, &request->next_token);
    take_result(request,
                account_store_rotate(store, now.id, now.hash, next.hash,
                                     login_end(bench), &request->account,
                                     &was_reused),
                ACCOUNT_BAD_REFRESH_TOKEN);
    if (was_reused)
        log_limited(LOG_WARN, 1, "Refresh token reused; login ended",
                    LOG_TEXT("login", now.id));
    if (!request->fault)
        sign(bench, request);
}

STEP(logout)
{
    struct refresh now;
    (void)bench;
    if (read_refresh(request->refresh_token, &now))
        take_result(request, account_store_logout(store, now.id), ACCOUNT_OK);
}

/* ---- the table -------------------------------------------------------------
 */

const struct account_step account_steps[ACCOUNT_OPS][ACCOUNT_STEPS_MAX] = {
    [ACCOUNT_CREATE] = {{LANE_HASH, hash_first}, {LANE_STORE, create}},
    [ACCOUNT_LOGIN] = {{LANE_STORE, find_login},
                       {LANE_HASH, check_login},
                       {LANE_STORE, add_login}},
    [ACCOUNT_REFRESH] = {{LANE_STORE, refresh}},
    [ACCOUNT_LOGOUT] = {{LANE_STORE, logout}},
    [ACCOUNT_GET] = {{LANE_STORE, get}},
    [ACCOUNT_LIST] = {{LANE_STORE, list}},
    [ACCOUNT_UPDATE] = {{LANE_STORE, update}},
    [ACCOUNT_PASSWORD] = {{LANE_STORE, get},
                          {LANE_HASH, check_password},
                          {LANE_STORE, set_password}},
    [ACCOUNT_RESET] = {{LANE_HASH, hash_new}, {LANE_STORE, set_password}},
    [ACCOUNT_DELETE] = {{LANE_STORE, delete}},
};

bool account_steps_hash(enum account_op op)
{
    for (size_t i = 0; i < ACCOUNT_STEPS_MAX; i++)
        if (account_steps[op][i].run && account_steps[op][i].lane == LANE_HASH)
            return true;
    return false;
}
