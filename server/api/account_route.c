#include "api/account_route.h"

#define BIT(field) (1u << ACCOUNT_FIELD_##field)

const char *const account_field_names[ACCOUNT_FIELDS] = {
    [ACCOUNT_FIELD_EMAIL] = "email",
    [ACCOUNT_FIELD_NAME] = "name",
    [ACCOUNT_FIELD_PASSWORD] = "password",
    [ACCOUNT_FIELD_NEW_PASSWORD] = "new_password",
    [ACCOUNT_FIELD_REFRESH_TOKEN] = "refresh_token",
    [ACCOUNT_FIELD_IS_ACTIVE] = "is_active",
};

static const struct account_route routes[] = {
    {"/users", METHOD_POST, ACCOUNT_CREATE, ACCESS_ANYBODY, "create_user",
     BIT(EMAIL) | BIT(NAME) | BIT(PASSWORD), 0, 201},
    {"/users", METHOD_GET, ACCOUNT_LIST, ACCESS_DIRECTORY, NULL, 0, 0, 200},
    {"/users/*", METHOD_GET, ACCOUNT_GET, ACCESS_ONE, NULL, 0, 0, 200},
    {"/users/*", METHOD_PATCH, ACCOUNT_UPDATE, ACCESS_ONE, "update_user", 0,
     BIT(NAME) | BIT(IS_ACTIVE), 200},
    {"/users/*", METHOD_DELETE, ACCOUNT_DELETE, ACCESS_ONE, "delete_user", 0, 0,
     204},
    {"/users/*/password", METHOD_POST, ACCOUNT_RESET, ACCESS_BACKEND,
     "reset_password", BIT(NEW_PASSWORD), 0, 204},
    {"/login", METHOD_POST, ACCOUNT_LOGIN, ACCESS_ANYBODY, NULL,
     BIT(EMAIL) | BIT(PASSWORD), 0, 200},
    {"/token", METHOD_POST, ACCOUNT_REFRESH, ACCESS_ANYBODY, NULL,
     BIT(REFRESH_TOKEN), 0, 200},
    {"/logout", METHOD_POST, ACCOUNT_LOGOUT, ACCESS_ANYBODY, NULL,
     BIT(REFRESH_TOKEN), 0, 204},
    {"/me", METHOD_GET, ACCOUNT_GET, ACCESS_SELF, NULL, 0, 0, 200},
    {"/me/password", METHOD_POST, ACCOUNT_PASSWORD, ACCESS_SELF, NULL,
     BIT(PASSWORD) | BIT(NEW_PASSWORD), 0, 204},
    {"/.well-known/jwks.json", METHOD_GET, ACCOUNT_OPS, ACCESS_KEYS, NULL, 0, 0,
     200},
};

const struct account_route *
account_route_find(const struct api_request *request, struct bytes *id)
{
    unsigned method = routes_method(request);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (routes[i].method == method &&
            routes_match(routes[i].path, request->path, id))
            return &routes[i];
    return NULL;
}
