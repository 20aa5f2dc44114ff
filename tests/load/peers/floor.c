/* The floor: a minimal WebSocket server. One thread, epoll, one recv and one
 * send per message, no limits, and only the checks required for framing. No
 * server with the same function can cost less.
 *
 *   peal-bench-floor PORT [FAULT EVERY]
 *
 * Paths that start with /echo echo; all others are one room that receives every
 * text. A request other than a handshake gets "ok". FAULT (lose, double, swap,
 * close) affects every EVERYth delivery, in order to test a load tester's
 * checks; hangup closes the connection after each "ok", refuse answers each
 * handshake with 403, and mute never answers.
 *
 * Only for measurements on loopback, not for use as a server. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CLIENTS = 100000,
    BUFFER = 1 << 18,
    EVENTS = 512,
    HELD_MAX = 1024,
};

struct client {
    int fd;
    bool open;
    bool echoes;
    uint32_t member; /* its index in the room, plus one */
    size_t tail_len;
    unsigned char *tail;
};

enum fault { NONE, LOSE, DOUBLE, SWAP, CLOSE, HANGUP, REFUSE, MUTE };

static struct client clients[CLIENTS]; /* by file descriptor */
static int room[CLIENTS];
static uint32_t room_count;
static int epoll_fd;
static unsigned char buffer[BUFFER];
static enum fault fault;
static unsigned long fault_every, fault_count;
static unsigned char held[HELD_MAX]; /* the text that SWAP sends later */
static size_t held_len;
static int held_fd = -1;

static void drop(struct client *self)
{
    if (self->member) {
        int last = room[--room_count];
        room[self->member - 1] = last;
        clients[last].member = self->member;
    }
    free(self->tail);
    close(self->fd);
    memset(self, 0, sizeof *self);
    self->fd = -1;
}

static void send_all(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* there is no queue: a full socket loses data */
        at += sent;
        len -= (size_t)sent;
    }
}

/* --------------------------------------------------------------- faults */

static void swap_delivery(int fd, const unsigned char *frame, size_t len)
{
    if (held_fd < 0 && len <= HELD_MAX) {
        memcpy(held, frame, len);
        held_len = len;
        held_fd = fd;
        return;
    }
    send_all(fd, frame, len);
}

static void deliver_wrong(int fd, const unsigned char *frame, size_t len)
{
    switch (fault) {
    case DOUBLE:
        send_all(fd, frame, len);
        send_all(fd, frame, len);
        return;
    case SWAP:
        swap_delivery(fd, frame, len);
        return;
    case CLOSE:
        shutdown(fd, SHUT_RDWR);
        return;
    default:
        return;
    }
}

static void deliver(int fd, const unsigned char *frame, size_t len)
{
    if (fault && ++fault_count % fault_every == 0) {
        deliver_wrong(fd, frame, len);
        return;
    }
    send_all(fd, frame, len);
    if (fd == held_fd) {
        held_fd = -1;
        send_all(fd, held, held_len);
    }
}

/* --------------------------------------------------------------- frames */

static size_t write_head(unsigned char *out, unsigned char opcode, size_t len)
{
    out[0] = 0x80 | opcode;
    if (len < 126) {
        out[1] = (unsigned char)len;
        return 2;
    }
    size_t bytes = len <= UINT16_MAX ? 2 : 8;
    out[1] = bytes == 2 ? 126 : 127;
    for (size_t i = 0; i < bytes; i++)
        out[2 + i] = (unsigned char)((uint64_t)len >> 8 * (bytes - 1 - i));
    return 2 + bytes;
}

/* The header of the answer is written right before the text, over the client's
 * header, which was longer by the mask. */
static void answer(struct client *self, unsigned char opcode,
                   unsigned char *text, size_t len)
{
    unsigned char head[10];
    size_t head_len = write_head(head, opcode, len);
    unsigned char *frame = text - head_len;

    memcpy(frame, head, head_len);
    if (self->echoes || opcode > 2) {
        deliver(self->fd, frame, head_len + len);
        return;
    }
    for (uint32_t i = 0; i < room_count; i++)
        deliver(room[i], frame, head_len + len);
}

static void unmask(unsigned char *text, size_t len, const unsigned char *mask)
{
    for (size_t i = 0; i < len; i++)
        text[i] ^= mask[i & 3];
}

/* Parses one frame; returns its length, 0 if it is incomplete. */
static size_t take_frame(struct client *self, unsigned char *at, size_t have)
{
    if (have < 6)
        return 0;
    size_t len = at[1] & 127;
    size_t extra = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (have < 6 + extra)
        return 0;
    if (extra) {
        len = 0;
        for (size_t i = 0; i < extra; i++)
            len = len << 8 | at[2 + i];
    }
    size_t head = 6 + extra;
    if (have < head + len)
        return 0;
    unmask(at + head, len, at + head - 4);

    unsigned char opcode = at[0] & 15;
    if (opcode == 8) {
        answer(self, 8, at + head, len);
        drop(self);
    } else if (opcode != 10) {
        answer(self, opcode == 9 ? 10 : opcode, at + head, len);
    }
    return head + len;
}

/* ------------------------------------------------------------- handshake */

static bool accept_key(const char *request, char out[32])
{
    static const char name[] = "Sec-WebSocket-Key: ";
    static const char salt[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const char *key = strstr(request, name);
    unsigned char digest[SHA_DIGEST_LENGTH];
    char joined[64];

    if (!key)
        return false;
    snprintf(joined, sizeof joined, "%.24s%s", key + sizeof name - 1, salt);
    SHA1((unsigned char *)joined, strlen(joined), digest);
    EVP_EncodeBlock((unsigned char *)out, digest, sizeof digest);
    return true;
}

/* Answers a request that is not a handshake, or should not become one. */
static size_t answer_request(struct client *self, size_t have, size_t len)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    static const char no[] = "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno";

    send_all(self->fd, fault == REFUSE ? no : ok, sizeof ok - 1);
    if (fault != HANGUP)
        return len;
    drop(self);
    return have;
}

/* Removes the request from the front; returns its length, 0 if it is
 * incomplete. */
static size_t take_request(struct client *self, unsigned char *at, size_t have)
{
    char accept[32], reply[256];

    at[have] = '\0';
    char *end = strstr((char *)at, "\r\n\r\n");
    if (!end || fault == MUTE)
        return 0;
    if (!accept_key((char *)at, accept) || fault == REFUSE)
        return answer_request(self, have, (size_t)(end + 4 - (char *)at));
    self->open = true;
    self->echoes = strncmp((char *)at, "GET /echo", 9) == 0;
    if (!self->echoes) {
        room[room_count++] = self->fd;
        self->member = room_count;
    }
    int len = snprintf(reply, sizeof reply,
                       "HTTP/1.1 101 Switching Protocols\r\n"
                       "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Accept: %s\r\n\r\n",
                       accept);
    send_all(self->fd, reply, (size_t)len);
    return (size_t)(end + 4 - (char *)at);
}

/* ------------------------------------------------------------------ loop */

static void keep_tail(struct client *self, unsigned char *at, size_t len)
{
    free(self->tail);
    self->tail = NULL;
    self->tail_len = len;
    if (len && (self->tail = malloc(len)))
        memcpy(self->tail, at, len);
}

static void consume(struct client *self, size_t have)
{
    unsigned char *at = buffer;

    while (have && self->fd >= 0) {
        size_t taken = self->open ? take_frame(self, at, have)
                                  : take_request(self, at, have);
        if (!taken)
            break;
        at += taken;
        have -= taken;
    }
    if (self->fd >= 0 && (have || self->tail))
        keep_tail(self, at, have);
}

static void on_readable(struct client *self)
{
    size_t kept = self->tail_len;

    if (kept)
        memcpy(buffer, self->tail, kept);
    ssize_t got = recv(self->fd, buffer + kept, BUFFER - kept - 1, 0);
    if (got > 0)
        consume(self, kept + (size_t)got);
    else if (got == 0 || errno != EAGAIN)
        drop(self);
}

static void on_connection(int listener)
{
    int on = 1;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (fd >= CLIENTS) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        clients[fd] = (struct client){.fd = fd};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

static int listen_on(int port)
{
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, 4096) < 0) {
        perror("peal-bench-floor");
        exit(1);
    }
    return fd;
}

static void serve(int listener)
{
    struct epoll_event events[EVENTS];
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};

    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener)
                on_connection(listener);
            else if (clients[fd].fd == fd)
                on_readable(&clients[fd]);
        }
    }
}

static enum fault fault_of(const char *name)
{
    static const char *const names[] = {"none",  "lose",   "double", "swap",
                                        "close", "hangup", "refuse", "mute"};

    for (int i = 0; i < 8; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum fault)i;
    return NONE;
}

int main(int argc, char **argv)
{
    struct rlimit limit;

    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: peal-bench-floor PORT [FAULT EVERY]\n");
        return 2;
    }
    if (argc == 4) {
        fault = fault_of(argv[2]);
        fault_every = strtoul(argv[3], NULL, 10);
    }
    limit.rlim_cur = limit.rlim_max = CLIENTS;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(0);
    serve(listen_on(atoi(argv[1])));
}
