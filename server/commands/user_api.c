#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utc_time.h"
#include "commands/user_access.h"

struct api_access {
    struct user_access base; /* first: a struct user_access is cast to this */
    const struct remote_options *options;
};

static bool ask(struct user_access *access, const char *method,
                struct buffer *path, const char *body, struct buffer *answer,
                struct error *error)
{
    const struct remote_request request = {method, buffer_text(path), body};
    bool ok = remote_do(((struct api_access *)access)->options, &request,
                        answer, error);
    buffer_deinit(path);
    return ok;
}

static char *read_text(struct bytes raw)
{
    char text[512];
    size_t len = 0;
    json_decode_string(raw, text, sizeof text, &len);
    return memory_copy_text(text, len);
}

/* As utc_time_print wrote it. */
static int64_t read_time(struct bytes raw)
{
    char text[UTC_TIME_TEXT] = "";
    struct tm utc = {0};
    size_t len;
    if (!json_decode_string(raw, text, sizeof text - 1, &len))
        return 0;
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    int ms = rest && *rest == '.' ? atoi(rest + 1) : 0;
    return (int64_t)timegm(&utc) * 1000 + ms;
}

static bool read_account(struct bytes text, struct account *account,
                         struct error *error)
{
    enum { ID, EMAIL, NAME, IS_ACTIVE, CREATED, SLOTS };
    struct json_slot slots[SLOTS] = {{.name = "id"},
                                     {.name = "email"},
                                     {.name = "name"},
                                     {.name = "is_active"},
                                     {.name = "created_at"}};
    const char *why;
    size_t len;
    if (!json_scan_object(text, slots, SLOTS, &why) ||
        !json_decode_string(slots[ID].raw, account->id, ACCOUNT_ID_LEN, &len))
        return error_set(error, "unexpected response; is this a Peal server?");
    account->id[len] = '\0';
    account->email = read_text(slots[EMAIL].raw);
    account->name = read_text(slots[NAME].raw);
    account->created_ms = read_time(slots[CREATED].raw);
    account->is_active =
        bytes_equal(slots[IS_ACTIVE].raw, BYTES_LITERAL("true"));
    return true;
}

static struct buffer path_of(const char *id)
{
    struct buffer path = {0};
    buffer_append_text(&path, "/users/");
    remote_append_encoded(&path, id);
    return path;
}

static bool find(struct user_access *access, const char *who,
                 struct account *account, struct error *error)
{
    struct buffer answer = {0};
    struct buffer path = path_of(who);
    if (!account_id_is_valid(bytes_of(who))) {
        buffer_deinit(&path);
        return error_set(error, "with --url, name the user by id");
    }
    bool ok = ask(access, "GET", &path, NULL, &answer, error) &&
              read_account(buffer_bytes(&answer), account, error);
    buffer_deinit(&answer);
    return ok;
}

static void append_member(struct buffer *out, const char *name,
                          const char *text)
{
    buffer_append_format(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
    buffer_append_json_string(out, bytes_of(text));
}

static bool add(struct user_access *access, struct account *account,
                struct error *error)
{
    struct buffer path = {0};
    struct buffer body = {0};
    struct buffer answer = {0};
    struct account made = {0};
    buffer_append_text(&path, "/users");
    buffer_append_char(&body, '{');
    append_member(&body, "email", account->email);
    append_member(&body, "name", account->name);
    append_member(&body, "password", account->password);
    buffer_append_char(&body, '}');
    bool ok = ask(access, "POST", &path, buffer_text(&body), &answer, error) &&
              read_account(buffer_bytes(&answer), &made, error);
    explicit_bzero(body.data, body.capacity);
    buffer_deinit(&body);
    buffer_deinit(&answer);
    if (ok)
        memcpy(account->id, made.id, sizeof made.id);
    account_deinit(&made);
    return ok;
}

static bool change(struct user_access *access, const char *method,
                   const char *id, const char *body, struct error *error)
{
    struct buffer answer = {0};
    struct buffer path = path_of(id);
    bool ok = ask(access, method, &path, body, &answer, error);
    buffer_deinit(&answer);
    return ok;
}

static bool set_active(struct user_access *access, const char *id,
                       bool is_active, struct error *error)
{
    return change(access, "PATCH", id,
                  is_active ? "{\"is_active\":true}" : "{\"is_active\":false}",
                  error);
}

static bool set_password(struct user_access *access, const char *id,
                         const char *password, struct error *error)
{
    struct buffer body = {0};
    struct buffer answer = {0};
    struct buffer path = path_of(id);
    buffer_append_text(&path, "/password");
    buffer_append_char(&body, '{');
    append_member(&body, "new_password", password);
    buffer_append_char(&body, '}');
    bool ok = ask(access, "POST", &path, buffer_text(&body), &answer, error);
    explicit_bzero(body.data, body.capacity);
    buffer_deinit(&body);
    buffer_deinit(&answer);
    return ok;
}

static bool remove_user(struct user_access *access, const char *id,
                        struct error *error)
{
    return change(access, "DELETE", id, NULL, error);
}

static int list(struct user_access *access, uint64_t skip,
                user_access_take *take, void *arg, struct error *error)
{
    struct buffer path = {0};
    struct buffer answer = {0};
    struct bytes row;
    int count = 0;
    buffer_append_format(&path, "/users?limit=%d&skip=%llu", USER_PAGE,
                         (unsigned long long)skip);
    bool ok = ask(access, "GET", &path, NULL, &answer, error) &&
              (json_is_valid(buffer_bytes(&answer)) ||
               error_set(error, "unexpected response; is this a Peal server?"));
    struct bytes rest = buffer_bytes(&answer);
    while (ok && json_next_element(&rest, &row)) {
        struct account account = {0};
        ok = read_account(row, &account, error);
        if (ok)
            take(arg, &account);
        account_deinit(&account);
        count++;
    }
    buffer_deinit(&answer);
    return ok ? count : -1;
}

static void close_api(struct user_access *access)
{
    free(access);
}

struct user_access *user_api_open(const struct remote_options *options)
{
    static const struct user_access_ops ops = {
        find, add, set_active, set_password, remove_user, list, close_api,
    };
    struct api_access *api = memory_new(1, sizeof *api);
    *api = (struct api_access){{&ops}, options};
    return &api->base;
}
