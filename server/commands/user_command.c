#include "commands/user_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "accounts/common_passwords.h"
#include "accounts/password.h"
#include "auth/jwk_file.h"
#include "base/memory.h"
#include "base/utc_time.h"
#include "commands/user_access.h"
#include "config/config_load.h"

enum { DONE = 0, REFUSED = 1, BAD_USAGE = 2 };

struct user {
    struct remote_options remote; /* without url: the database is opened */
    const char *config_file;
    const char *name;
    const char *who; /* an id or an email */
    const char *help;
    /* for its run */
    struct config *config; /* NULL: with --url */
    struct user_access *access;
};

static const struct command_flag items[] = {
    {"url", "URL", offsetof(struct user, remote.url),
     "use a running server instead of opening the database"},
    REMOTE_TLS_FLAGS(struct user, remote),
    {"config", "FILE", offsetof(struct user, config_file),
     "config with accounts.url, if not in PEAL_ACCOUNTS_URL"},
    {"name", "NAME", offsetof(struct user, name), "name of the user to add"},
    {"help", NULL, offsetof(struct user, help), "print this help"},
    {0},
};

static const struct command_flags flags = {"user", items, "USER",
                                           offsetof(struct user, who)};

static void print_help(void)
{
    printf("Usage: peal user add EMAIL --name NAME\n"
           "       peal user list\n"
           "       peal user show USER\n"
           "       peal user disable USER\n"
           "       peal user enable USER\n"
           "       peal user passwd USER\n"
           "       peal user delete USER\n"
           "       peal user export\n"
           "       peal user rotate-key\n\n"
           "Manages user accounts. USER is an id or an email; with --url it is "
           "an id, the\nAPI key is read from PEAL_API_KEY, and open "
           "connections of disabled or deleted\nusers are closed. The password "
           "is prompted for, or read as a line from stdin.\n`export` prints "
           "one JSON object per line. `rotate-key` creates a new signing\nkey "
           "for tokens; running servers load it.\n\n");
    command_flags_print(&flags);
    printf("\n  peal user add ann@example.com --name Ann < password.txt\n");
}

/* ---- passwords -------------------------------------------------------------
 */

/* A line without its end; false when there is none. */
static bool read_line(char *line, int size)
{
    if (!fgets(line, size, stdin))
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

/* Disables echo. */
static bool ask_line(char *line, int size)
{
    struct termios shown;
    if (tcgetattr(STDIN_FILENO, &shown) != 0)
        return read_line(line, size);
    struct termios hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    fputs("Password: ", stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    bool ok = read_line(line, size);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    fputc('\n', stderr);
    return ok;
}

static char *read_password(struct error *error)
{
    char line[PASSWORD_MAX + 3];
    if (!ask_line(line, sizeof line)) {
        error_set(error, "no password on stdin");
        return NULL;
    }
    size_t len = strlen(line);
    char *password = NULL;
    if (len < PASSWORD_MIN || len > PASSWORD_MAX)
        error_set(error, "the password must have %d to %d bytes", PASSWORD_MIN,
                  PASSWORD_MAX);
    else if (common_passwords_have((struct bytes){line, len}))
        error_set(error, "that password is too common: choose another");
    else
        password = memory_copy_text(line, len);
    explicit_bzero(line, sizeof line);
    return password;
}

/* ---- actions ---------------------------------------------------------------
 */

static void print_user(void *arg, const struct account *account)
{
    (void)arg;
    printf("%s %s %s%s\n", account->id, account->email, account->name,
           account->is_active ? "" : " (disabled)");
}

static void print_object(void *arg, const struct account *account)
{
    struct buffer out = {0};
    char created[UTC_TIME_TEXT];
    (void)arg;
    buffer_append_format(&out, "{\"id\":\"%s\",\"email\":", account->id);
    buffer_append_json_string(&out, bytes_of(account->email));
    buffer_append_text(&out, ",\"name\":");
    buffer_append_json_string(&out, bytes_of(account->name));
    utc_time_print(account->created_ms, created);
    buffer_append_format(&out, ",\"is_active\":%s,\"created_at\":\"%s\"}",
                         account->is_active ? "true" : "false", created);
    puts(buffer_text(&out));
    buffer_deinit(&out);
}

static bool print_all(const struct user *user, user_access_take *take,
                      struct error *error)
{
    int count = USER_PAGE;
    for (uint64_t skip = 0; count == USER_PAGE; skip += USER_PAGE)
        count = user->access->ops->list(user->access, skip, take, NULL, error);
    return count >= 0;
}

static bool list(const struct user *user, struct error *error)
{
    return print_all(user, print_user, error);
}

static bool export(const struct user *user, struct error *error)
{
    return print_all(user, print_object, error);
}

static bool add(const struct user *user, struct error *error)
{
    struct account account = {0};
    const char *name = user->name ? user->name : "";
    account.email = memory_copy_text(user->who, strlen(user->who));
    account.name = memory_copy_text(name, strlen(name));
    bool ok = (account_email_normalize(account.email, strlen(account.email)) ||
               error_set(error, "expected an address like ann@example.com")) &&
              (account_name_is_valid(bytes_of(name)) ||
               error_set(error, "--name: expected 1 to 200 bytes"));
    if (ok)
        account.password = read_password(error);
    ok = ok && account.password &&
         user->access->ops->add(user->access, &account, error);
    if (ok)
        puts(account.id);
    account_deinit(&account);
    return ok;
}

static bool show(const struct user *user, struct error *error)
{
    struct account account = {0};
    bool ok = user->access->ops->find(user->access, user->who, &account, error);
    if (ok)
        print_object(NULL, &account);
    account_deinit(&account);
    return ok;
}

/* Finds a user by id or email. */
static bool find_id(const struct user *user, char id[ACCOUNT_ID_LEN + 1],
                    struct error *error)
{
    struct account account = {0};
    bool ok = user->access->ops->find(user->access, user->who, &account, error);
    memcpy(id, account.id, sizeof account.id);
    account_deinit(&account);
    return ok;
}

/* Only a server can close connections. */
static void tell_of_connections(const struct user *user)
{
    if (user->config)
        fprintf(stderr, "peal user: open connections stay open until their "
                        "token\nexpires; with --url, a running server closes "
                        "them\n");
}

static bool set_active(const struct user *user, bool is_active,
                       struct error *error)
{
    char id[ACCOUNT_ID_LEN + 1];
    bool ok = find_id(user, id, error) &&
              user->access->ops->set_active(user->access, id, is_active, error);
    if (ok && !is_active)
        tell_of_connections(user);
    return ok;
}

static bool disable(const struct user *user, struct error *error)
{
    return set_active(user, false, error);
}

static bool enable(const struct user *user, struct error *error)
{
    return set_active(user, true, error);
}

static bool set_password(const struct user *user, struct error *error)
{
    char id[ACCOUNT_ID_LEN + 1];
    char *password = find_id(user, id, error) ? read_password(error) : NULL;
    if (!password)
        return false;
    bool ok =
        user->access->ops->set_password(user->access, id, password, error);
    explicit_bzero(password, strlen(password));
    free(password);
    if (ok)
        tell_of_connections(user);
    return ok;
}

static bool delete (const struct user *user, struct error *error)
{
    char id[ACCOUNT_ID_LEN + 1];
    bool ok = find_id(user, id, error) &&
              user->access->ops->remove(user->access, id, error);
    if (ok)
        tell_of_connections(user);
    return ok;
}

static bool rotate_key(const struct user *user, struct error *error)
{
    struct buffer path = {0};
    if (!user->config)
        return error_set(error, "the keys are in a file: omit --url");
    if (user->config->auth.secret)
        return error_set(error, "auth.secret signs tokens: there is no key to "
                                "rotate");
    bool ok = account_options_key_file(&user->config->accounts, &path)
                  ? jwk_file_rotate(buffer_text(&path), error)
                  : error_set(error, "accounts.key_file is not set");
    buffer_deinit(&path);
    return ok;
}

/* ---- the command -----------------------------------------------------------
 */

static const struct action {
    const char *name;
    bool (*run)(const struct user *user, struct error *error);
    bool wants_user;
} actions[] = {
    {"add", add, true},
    {"list", list, false},
    {"show", show, true},
    {"disable", disable, true},
    {"enable", enable, true},
    {"passwd", set_password, true},
    {"delete", delete, true},
    {"export", export, false},
    {"rotate-key", rotate_key, false},
};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static bool open_access(struct user *user, struct error *error)
{
    if (user->remote.url) {
        user->access = user_api_open(&user->remote);
        return true;
    }
    user->config =
        config_load(&(struct config_sources){.file = user->config_file,
                                             .environment = environ},
                    error);
    if (!user->config)
        return false;
    if (!user->config->accounts.url)
        return error_set(error, "accounts.url (PEAL_ACCOUNTS_URL) is not set; "
                                "or give --url");
    user->access = user_database_open(&user->config->accounts, error);
    return user->access != NULL;
}

static int run(struct user *user, const struct action *action,
               struct error *error)
{
    int code = open_access(user, error) ? DONE : BAD_USAGE;
    if (code == DONE && !action->run(user, error))
        code = REFUSED;
    if (user->access)
        user->access->ops->close(user->access);
    config_free(user->config);
    return code;
}

int user_command(int argc, char **argv)
{
    struct error error;
    struct user user = {0};
    bool has_action = argc > 1 && strncmp(argv[1], "--", 2) != 0;
    const struct action *action = has_action ? find_action(argv[1]) : NULL;
    int code = BAD_USAGE;
    if (has_action && !action)
        error_set(&error, "expected add, list, show, disable, enable, passwd, "
                          "delete, export or rotate-key; see peal user --help");
    else if (!command_flags_read(&flags, argc - has_action, argv + has_action,
                                 &user, &error))
        code = BAD_USAGE;
    else if (user.help || !action) {
        print_help();
        return user.help ? DONE : BAD_USAGE;
    } else if (action->wants_user && !user.who)
        error_set(&error, "the user is missing; see peal user --help");
    else
        code = run(&user, action, &error);
    if (code != DONE)
        fprintf(stderr, "peal user: %s\n", error.text);
    return code;
}
