#include "config/config_readable.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/config_key.h"
#include "config/config_notes.h"

static const char *const names[] = {
    "tls.cert",       "tls.key",      "tls.client_ca", "auth.key_file",
    "auth.jwks_file", "auth.jwks_ca", "redis.tls_ca",  "redis.tls_cert",
    "redis.tls_key",  "hooks.ca",     "web_root",
};

enum { NAMES = sizeof names / sizeof *names, CONFIG_FILE = NAMES };

/* The child's exit code: the first unreadable file, or one of these. */
enum { ALL_READABLE = NAMES + 1, NOT_THAT_USER };

static const char *path_of(size_t index, const char *file,
                           const struct config *config)
{
    if (index == CONFIG_FILE)
        return file;
    const struct config_key *key = config_key_find(&config_keys, names[index]);
    PANIC_IF(!key);
    return *(char *const *)config_key_field_of(key, config);
}

static bool is_readable(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool become(const struct passwd *user)
{
    return initgroups(user->pw_name, user->pw_gid) == 0 &&
           setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0;
}

static int look(const struct passwd *user, const char *file,
                const struct config *config)
{
    if (!become(user))
        return NOT_THAT_USER;
    for (int i = 0; i <= CONFIG_FILE; i++) {
        const char *path = path_of((size_t)i, file, config);
        if (path && !is_readable(path))
            return i;
    }
    return ALL_READABLE;
}

static int ask_child(const struct passwd *user, const char *file,
                     const struct config *config)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(look(user, file, config));
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : NOT_THAT_USER;
}

bool config_readable_by(const char *user, const char *file,
                        const struct config *config, struct error *error)
{
    const struct passwd *found = getpwnam(user);
    if (!found)
        return error_set(error, "--user: there is no user %.64s", user);
    int first = ask_child(found, file, config);
    if (first == NOT_THAT_USER)
        return error_set(error, "--user: only root can check files as %.64s",
                         user);
    if (first == ALL_READABLE)
        return true;
    return error_set(error, "%s%s%.300s cannot be read by the user %.64s",
                     first == CONFIG_FILE ? "" : names[first],
                     first == CONFIG_FILE ? "" : ": ",
                     path_of((size_t)first, file, config), user);
}

void config_readable_judge(const char *file, struct config *config)
{
    struct error error;
    if (geteuid() == 0 && getpwnam(CONFIG_READABLE_USER) &&
        !config_readable_by(CONFIG_READABLE_USER, file, config, &error))
        config_notes_warn(config, "%s", error.text);
}
