#include "process/account_tokens.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "auth/jwk_file.h"
#include "auth/jwt.h"
#include "auth/jwt_algorithm.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

struct account_tokens {
    /* set once */
    const struct account_options *options;
    const struct auth_options *auth;
    unsigned algorithms;
    struct buffer path; /* of the key file; empty: auth.secret */
    /* the main thread */
    struct timespec changed;
    /* any thread, under lock */
    pthread_mutex_t *lock; /* not const in struct tokens */
    struct jwk_set keys;
    char *public;
};

static struct timespec time_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_mtim : (struct timespec){0};
}

/* Both texts of a key file. */
static bool read_keys(struct account_tokens *tokens, struct jwk_set *keys,
                      struct buffer *public, struct error *error)
{
    struct buffer text = {0};
    bool ok = jwk_file_read(buffer_text(&tokens->path), &text, error) &&
              jwk_set_add_text(keys, buffer_bytes(&text),
                               buffer_text(&tokens->path), error) &&
              jwk_file_publish(buffer_bytes(&text), public, error);
    if (text.data)
        explicit_bzero(text.data, text.capacity);
    buffer_deinit(&text);
    return ok && (jwk_set_restrict(keys, tokens->algorithms) ||
                  error_set(error, "auth.algorithms: accounts need ES256"));
}

static bool load(struct account_tokens *tokens, struct error *error)
{
    struct jwk_set keys = {0};
    struct buffer public = {0};
    tokens->changed = time_of(buffer_text(&tokens->path));
    bool ok = read_keys(tokens, &keys, &public, error);
    pthread_mutex_lock(tokens->lock);
    if (ok) {
        jwk_set_deinit(&tokens->keys);
        free(tokens->public);
        tokens->keys = keys;
        tokens->public = memory_copy_text(public.data, public.len);
    } else {
        jwk_set_deinit(&keys);
    }
    pthread_mutex_unlock(tokens->lock);
    buffer_deinit(&public);
    return ok;
}

static bool use_secret(struct account_tokens *tokens, struct error *error)
{
    return jwk_set_add_secret(&tokens->keys, tokens->auth->secret, error) &&
           (jwk_set_restrict(&tokens->keys, tokens->algorithms) ||
            error_set(error, "auth.algorithms: accounts need HS256, HS384 or "
                             "HS512, as auth.secret is set"));
}

static bool set_up(struct account_tokens *tokens, struct error *error)
{
    if (!jwt_algorithm_set_of(&tokens->auth->algorithms, &tokens->algorithms,
                              error))
        return false;
    if (tokens->auth->secret)
        return use_secret(tokens, error);
    if (!account_options_key_file(tokens->options, &tokens->path))
        return error_set(error, "accounts.url: must be set together with "
                                "auth.secret or accounts.key_file");
    struct error why;
    return load(tokens, &why) ||
           error_set(error, "accounts.key_file: %s", why.text);
}

struct account_tokens *account_tokens_new(const struct account_options *options,
                                          const struct auth_options *auth,
                                          struct error *error)
{
    struct account_tokens *tokens = memory_new(1, sizeof *tokens);
    tokens->options = options;
    tokens->auth = auth;
    tokens->lock = memory_new(1, sizeof *tokens->lock);
    pthread_mutex_init(tokens->lock, NULL);
    if (set_up(tokens, error))
        return tokens;
    account_tokens_free(tokens);
    return NULL;
}

void account_tokens_free(struct account_tokens *tokens)
{
    if (!tokens)
        return;
    jwk_set_deinit(&tokens->keys);
    free(tokens->public);
    buffer_deinit(&tokens->path);
    pthread_mutex_destroy(tokens->lock);
    free(tokens->lock);
    free(tokens);
}

const char *account_tokens_keys(const struct account_tokens *tokens)
{
    return tokens->public;
}

bool account_tokens_tick(struct account_tokens *tokens)
{
    struct error error;
    if (!tokens->path.len)
        return false;
    struct timespec now = time_of(buffer_text(&tokens->path));
    if (!now.tv_sec || (now.tv_sec == tokens->changed.tv_sec &&
                        now.tv_nsec == tokens->changed.tv_nsec))
        return false;
    if (load(tokens, &error))
        return true;
    log_event(LOG_ERROR, "Account key reload failed",
              LOG_TEXT("reason", error.text));
    return false;
}

bool account_tokens_sign(void *arg, const struct account *account,
                         struct buffer *out)
{
    struct account_tokens *tokens = arg;
    struct error error;
    struct buffer info = {0};
    int64_t now = clock_wall_ms() / 1000;
    buffer_append_text(&info, "{\"name\":");
    buffer_append_json_string(&info, bytes_of(account->name));
    buffer_append_char(&info, '}');
    const struct jwt_content content = {
        .subject = account->id,
        .client_claim = tokens->auth->client_claim,
        .issued_seconds = now,
        .expires_seconds = now + tokens->options->token_seconds,
        .audience = tokens->auth->audience,
        .issuer = tokens->auth->issuer,
        .info = buffer_text(&info),
        .generation = account->generation,
    };
    pthread_mutex_lock(tokens->lock);
    bool ok = jwt_sign(&tokens->keys, &content, out, &error);
    pthread_mutex_unlock(tokens->lock);
    buffer_deinit(&info);
    if (!ok)
        log_limited(LOG_ERROR, 1, "Account token signing failed",
                    LOG_TEXT("reason", error.text));
    return ok;
}

bool account_tokens_judge(const struct account_tokens *tokens,
                          struct bytes token, char id[ACCOUNT_ID_LEN + 1],
                          uint32_t *generation)
{
    struct jwt_claims claims;
    enum jwt_fault why;
    const struct jwt_rules rules = {
        .algorithms = tokens->algorithms,
        .audience = tokens->auth->audience,
        .issuer = tokens->auth->issuer,
        .client_claim = tokens->auth->client_claim,
        .leeway_seconds = tokens->auth->leeway_seconds,
    };
    pthread_mutex_lock(tokens->lock);
    bool ok = token.len <= TOKEN_MAX &&
              jwt_verify(&tokens->keys, &rules, token, clock_wall_ms() / 1000,
                         &claims, &why);
    pthread_mutex_unlock(tokens->lock);
    if (!ok)
        return false;
    jwt_claims_deinit(&claims); /* what it owns: the rest stays */
    *generation = claims.generation;
    struct bytes subject = bytes_of(claims.subject);
    bool is_ours = claims.generation && account_id_is_valid(subject);
    if (is_ours)
        memcpy(id, subject.data, subject.len + 1);
    return is_ours;
}

void account_tokens_publish(const struct account_tokens *tokens,
                            struct buffer *out)
{
    pthread_mutex_lock(tokens->lock);
    buffer_append_text(out, tokens->public ? tokens->public : "{\"keys\":[]}");
    pthread_mutex_unlock(tokens->lock);
}
