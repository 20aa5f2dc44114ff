#include "net/input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <libwebsockets.h>

#include "base/memory.h"
#include "net/exchange.h"
#include "net/reactor.h"
#include "net/websocket.h"

/* libwebsockets' buffer is small, because each connection has one for itself.
 * So that a long read is one system call, its rest is held for a moment. */
enum { SURPLUS_BYTES = 4096 };

/* ---- what is held back -------------------------------------------------- */

struct held {
    size_t len;
    size_t at; /* up to here it was read */
    char data[];
};

static size_t held_len(const struct input *input)
{
    return input->held ? input->held->len - input->held->at : 0;
}

static size_t take_held(struct input *input, char *data, size_t len)
{
    size_t taken = held_len(input) < len ? held_len(input) : len;
    if (!taken)
        return 0;
    memcpy(data, input->held->data + input->held->at, taken);
    input->held->at += taken;
    return taken;
}

static void give_back(struct input *input, size_t len)
{
    if (len)
        input->held->at -= len;
}

static void drop_held(struct input *input)
{
    free(input->held);
    input->held = NULL;
    input->is_cut = false;
}

/* Bytes that came but are not given on now; what was held before them has
 * been read. */
static void hold(struct input *input, struct bytes bytes, struct bytes behind)
{
    drop_held(input);
    if (!bytes.len && !behind.len)
        return;
    input->held = memory_new(1, sizeof *input->held + bytes.len + behind.len);
    input->held->len = bytes.len + behind.len;
    memcpy(input->held->data, bytes.data, bytes.len);
    memcpy(input->held->data + bytes.len, behind.data, behind.len);
}

/* ---- looking ---------------------------------------------------------------
 */

/* Nothing that comes is given on any more. */
static bool is_waste(const struct input *input)
{
    return input_is_over(input) || input->is_closing;
}

bool input_is_wanted(const struct input *input)
{
    return input->is_frames && !is_waste(input);
}

static void answer_ping(void *socket, struct bytes payload)
{
    websocket_answer_ping(socket, payload);
}

static void list_again(struct socket *socket)
{
    struct reactor *reactor = socket->reactor;
    if (socket->input.is_listed)
        return;
    socket->input.is_listed = true;
    socket->next_held = reactor->held;
    reactor->held = socket;
}

static void list_held(struct socket *socket)
{
    list_again(socket);
    socket->reactor->has_unserved = true;
}

/* Bytes on their way from the socket. */
struct piece {
    char *data;
    size_t len;
    bool is_fresh; /* read just now, not held before */
    struct surplus surplus;
};

/* Keeps the last `left` bytes of the piece, and what came behind it. */
static void keep_rest(struct socket *socket, const struct piece *piece,
                      size_t left)
{
    struct input *input = &socket->input;
    const struct surplus *surplus = &piece->surplus;
    if (piece->is_fresh)
        hold(input, (struct bytes){piece->data + piece->len - left, left},
             (struct bytes){surplus->data, surplus->len});
    else
        give_back(input, left);
    if (!held_len(input) || input_is_over(input)) {
        drop_held(input);
        return;
    }
    input->is_cut = input->is_frames && held_len(input) == left;
    if (!input->is_cut)
        list_held(socket);
}

static struct head_share check_requests(struct input *input, char *data,
                                        size_t len)
{
    if (!input->head)
        input->head = memory_new(1, sizeof *input->head);
    struct head_share share = head_check(input->head, data, len);
    input->check.is_broken = input->head->is_broken;
    return share;
}

/* Hands on what is good, and keeps the rest. */
static size_t check_bytes(struct socket *socket, const struct piece *piece)
{
    struct input *input = &socket->input;
    struct head_share share;
    if (input->is_frames)
        share.taken = share.given =
            frame_check(&input->check, piece->data, piece->len, answer_ping,
                        socket);
    else
        share = check_requests(input, piece->data, piece->len);
    keep_rest(socket, piece, piece->len - share.taken);
    return share.given;
}

/* Fills the piece, of up to `size` bytes, with what is held and, if that is to
 * wait for more or nothing, with what comes. Returns as recv does. */
static ssize_t gather(struct input *input, const struct source *from,
                      struct piece *piece, size_t size)
{
    piece->is_fresh = !held_len(input) || input->is_cut;
    piece->len = take_held(input, piece->data, size);
    if (!piece->is_fresh)
        return (ssize_t)piece->len;
    ssize_t got = from->read(from, piece->data + piece->len,
                             size - piece->len, &piece->surplus);
    if (got > 0)
        piece->len += (size_t)got;
    else
        give_back(input, piece->len);
    return got;
}

/* How many of the bytes libwebsockets gets to see. */
static size_t judge(struct socket *socket, const struct piece *piece)
{
    struct input *input = &socket->input;
    if (input_is_over(input))
        return 0;
    size_t usable = check_bytes(socket, piece);
    if (input->check.is_broken)
        list_held(socket); /* for input_take_broken */
    return input->is_closing ? 0 : usable;
}

/* libwebsockets does not know where a body in chunks ends: what comes behind it
 * is not for it until the answer is out. */
static bool is_between(const struct socket *socket)
{
    const struct head_check *head = socket->input.head;
    return socket->exchange && head && head->is_chunked && head->is_over;
}

ssize_t input_read(struct socket *socket, const struct source *from,
                   char *data, size_t len)
{
    if (!from->ssl && is_between(socket)) {
        errno = EAGAIN;
        return -1;
    }
    struct input *input = &socket->input;
    struct reactor *reactor = socket->reactor;
    /* what is thrown away in one go; TLS cannot be told that nothing came */
    unsigned reads = from->ssl ? 64 : 1;
    for (;;) {
        bool is_wide = from->ssl && is_waste(input);
        struct piece piece = {
            .data = is_wide ? reactor->arena : data,
            .surplus = {.data = reactor->arena, .size = SURPLUS_BYTES}};
        ssize_t got = gather(input, from, &piece,
                             is_wide ? sizeof reactor->arena : len);
        if (got <= 0)
            return got;
        size_t usable = judge(socket, &piece);
        if (usable)
            return (ssize_t)usable;
        if (input->is_closing && input->check.is_over)
            return 0; /* the client's close frame: that was all */
        if (is_waste(input) && !--reads) {
            errno = EAGAIN; /* thrown away */
            return -1;
        }
    }
}

void input_hold_more(struct socket *socket, const struct source *from,
                     size_t pending)
{
    struct input *input = &socket->input;
    size_t len = held_len(input);
    struct held *all = memory_new(1, sizeof *all + len + pending);
    take_held(input, all->data, len);
    ssize_t got = from->read(from, all->data + len, pending, NULL);
    all->len = len + (got > 0 ? (size_t)got : 0);
    drop_held(input);
    input->held = all;
    list_held(socket);
}

bool input_has_blank(const struct socket *socket)
{
    return socket->input.head && socket->input.head->has_blank;
}

bool input_has_one_trace(const struct socket *socket)
{
    return socket->input.head && socket->input.head->traces == 1;
}

bool input_is_chunked(const struct socket *socket)
{
    return socket->input.head && socket->input.head->is_chunked;
}

bool input_body_is_over(const struct socket *socket, uint64_t seen)
{
    const struct head_check *head = socket->input.head;
    return head && head->is_over && head->body_len == seen;
}

struct bytes input_forwarded(const struct socket *socket)
{
    const struct head_check *head = socket->input.head;
    return head ? buffer_bytes(&head->forwarded) : (struct bytes){0};
}

static void free_head(struct input *input)
{
    if (input->head)
        head_check_deinit(input->head);
    free(input->head);
    input->head = NULL;
}

bool input_has_more(const struct socket *socket)
{
    return held_len(&socket->input) && !socket->input.is_cut;
}

void input_begin_frames(struct socket *socket)
{
    socket->input.is_frames = true;
    free_head(&socket->input);
}

/* ---- what was held back, read without an event of the kernel's ------------
 */

/* Whether libwebsockets has read some of it, and the socket is still there. */
static bool serve_once(struct reactor *reactor, struct socket *socket, int fd)
{
    struct lws_pollfd event = {.fd = fd, .events = POLLIN, .revents = POLLIN};
    size_t before = held_len(&socket->input);
    lws_service_fd(reactor->lws_context, &event);
    return reactor_find_socket(fd) == socket &&
           held_len(&socket->input) < before;
}

/* libwebsockets 4.3 would take a request for more of the body before it, while
 * the answer to that is awaited. */
static bool can_serve(const struct socket *socket)
{
    bool awaits_answer = socket->exchange && socket->exchange->is_asking;
    return input_has_more(socket) && !awaits_answer && !is_between(socket);
}

static void serve(struct socket *socket)
{
    struct reactor *reactor = socket->reactor;
    int fd = socket->fd;
    if (socket->input.check.is_broken) {
        list_again(socket);
        return;
    }
    while (can_serve(socket) && serve_once(reactor, socket, fd))
        ;
    /* who did not want to read now will in a later turn */
    if (reactor_find_socket(fd) == socket && input_has_more(socket))
        list_again(socket);
}

void input_serve_held(struct reactor *reactor)
{
    reactor->serving = reactor->held;
    reactor->held = NULL;
    while (reactor->serving) {
        struct socket *socket = reactor->serving;
        reactor->serving = socket->next_held;
        socket->input.is_listed = false;
        serve(socket);
    }
    reactor->has_unserved = false;
}

static void unlist(struct socket **at, const struct socket *socket)
{
    while (*at && *at != socket)
        at = &(*at)->next_held;
    if (*at)
        *at = socket->next_held;
}

struct socket *input_take_broken(struct reactor *reactor)
{
    struct socket *socket = reactor->held;
    while (socket && !socket->input.check.is_broken)
        socket = socket->next_held;
    if (!socket)
        return NULL;
    unlist(&reactor->held, socket);
    socket->input.is_listed = false;
    return socket;
}

void input_deinit(struct socket *socket)
{
    if (socket->input.is_listed) {
        unlist(&socket->reactor->held, socket);
        unlist(&socket->reactor->serving, socket);
    }
    drop_held(&socket->input);
    free_head(&socket->input);
}
