#include "api/account_fields.h"

#include <stdlib.h>
#include <string.h>

#include "accounts/common_passwords.h"
#include "base/error.h"
#include "base/memory.h"

enum { TEXT_MAX = PASSWORD_MAX };

static bool refuse(struct api_call *call, enum account_field field,
                   const char *what)
{
    struct error error;
    const char *name = account_field_names[field];
    error_set(&error, "%s %.400s", name, what);
    call_refuse(call, 0, 400, name, error.text);
    return false;
}

/* A zero byte would truncate the text in the database. */
static bool read_text(struct api_call *call, enum account_field field,
                      struct bytes raw, char **out)
{
    char text[TEXT_MAX + 1];
    size_t len;
    if (!json_decode_string(raw, text, TEXT_MAX, &len) ||
        memchr(text, '\0', len))
        return refuse(call, field, "must be a string of at most 1024 bytes");
    *out = memory_copy_text(text, len);
    explicit_bzero(text, len);
    return true;
}

/* ---- checks ----------------------------------------------------------------
 */

static bool check_email(struct api_call *call, char *email)
{
    return account_email_normalize(email, strlen(email)) ||
           refuse(call, ACCOUNT_FIELD_EMAIL,
                  "must be an email address like ann@example.com");
}

static bool check_name(struct api_call *call, const char *name)
{
    return account_name_is_valid(bytes_of(name)) ||
           refuse(call, ACCOUNT_FIELD_NAME,
                  "must have 1 to 200 bytes, and no control characters");
}

static bool check_password(struct api_call *call, enum account_field field,
                           const char *password)
{
    if (strlen(password) < PASSWORD_MIN)
        return refuse(call, field, "must have 8 to 1024 bytes");
    return !common_passwords_have(bytes_of(password)) ||
           refuse(call, field, "is too common: choose another");
}

/* Only new passwords must meet the rules. */
static bool check(struct api_call *call, struct account_request *request)
{
    bool creates = request->op == ACCOUNT_CREATE;
    return (!request->email || check_email(call, request->email)) &&
           (!request->name || check_name(call, request->name)) &&
           (!creates ||
            check_password(call, ACCOUNT_FIELD_PASSWORD, request->password)) &&
           (!request->new_password ||
            check_password(call, ACCOUNT_FIELD_NEW_PASSWORD,
                           request->new_password));
}

/* ---- reading ---------------------------------------------------------------
 */

static bool read_flag(struct api_call *call, struct bytes raw, int *flag)
{
    bool is_true = bytes_equal(raw, BYTES_LITERAL("true"));
    if (!is_true && !bytes_equal(raw, BYTES_LITERAL("false")))
        return refuse(call, ACCOUNT_FIELD_IS_ACTIVE, "must be true or false");
    *flag = is_true;
    return true;
}

static char **text_of(struct account_request *request, enum account_field field)
{
    char **const texts[ACCOUNT_FIELDS] = {
        [ACCOUNT_FIELD_EMAIL] = &request->email,
        [ACCOUNT_FIELD_NAME] = &request->name,
        [ACCOUNT_FIELD_PASSWORD] = &request->password,
        [ACCOUNT_FIELD_NEW_PASSWORD] = &request->new_password,
        [ACCOUNT_FIELD_REFRESH_TOKEN] = &request->refresh_token,
    };
    return texts[field];
}

static bool read_field(struct api_call *call, const struct account_route *route,
                       enum account_field field, struct bytes raw,
                       struct account_request *request)
{
    if (!raw.len)
        return !(route->needed >> field & 1) ||
               refuse(call, field, "is missing");
    if (!((route->needed | route->optional) >> field & 1))
        return true;
    return field == ACCOUNT_FIELD_IS_ACTIVE
               ? read_flag(call, raw, &request->active)
               : read_text(call, field, raw, text_of(request, field));
}

static bool refuse_body(struct api_call *call)
{
    struct error why;
    struct error error;
    json_check_object(buffer_bytes(&call->body), &why);
    error_set(&error, "The body is not a JSON object: %.400s", why.text);
    call_refuse(call, 0, 400, NULL, error.text);
    return false;
}

bool account_fields_read(struct api_call *call,
                         const struct account_route *route,
                         struct account_request *request)
{
    struct json_slot slots[ACCOUNT_FIELDS];
    const char *why;
    if (route->method == METHOD_GET || route->method == METHOD_DELETE)
        return true;
    for (int i = 0; i < ACCOUNT_FIELDS; i++)
        slots[i] = (struct json_slot){.name = account_field_names[i]};
    if (!json_scan_object(buffer_bytes(&call->body), slots, ACCOUNT_FIELDS,
                          &why))
        return refuse_body(call);
    for (int i = 0; i < ACCOUNT_FIELDS; i++)
        if (!read_field(call, route, (enum account_field)i, slots[i].raw,
                        request))
            return false;
    return check(call, request);
}
