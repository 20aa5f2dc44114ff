#include "fake_stderr.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/memory.h"

enum { TEXT_MAX = 1 << 20 };

static int old_stderr;
static int read_end;
static char text[TEXT_MAX];

void fake_stderr_begin(void)
{
    int ends[2];
    PANIC_IF(pipe2(ends, O_CLOEXEC));
    PANIC_IF(fcntl(ends[0], F_SETFL, O_NONBLOCK));
    PANIC_IF(fcntl(ends[1], F_SETPIPE_SZ, TEXT_MAX) < 0);
    old_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    read_end = ends[0];
}

const char *fake_stderr_end(void)
{
    size_t len = 0;
    ssize_t got;
    dup2(old_stderr, STDERR_FILENO);
    close(old_stderr);
    while ((got = read(read_end, text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    close(read_end);
    return text;
}
