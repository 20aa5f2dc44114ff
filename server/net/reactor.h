/* reactor: one thread with its loop, its libwebsockets context, its listeners,
 * and its worker.
 *
 * Plain data; reactor_run.c runs it.
 *
 * Owner:   struct net.
 * Thread:  only its own, except where said otherwise.
 * Limits:  sockets and their idle time; see socket.h.
 * Failure: none.
 */
#ifndef PEAL_NET_REACTOR_H
#define PEAL_NET_REACTOR_H

#include <pthread.h>

#include "messaging/worker.h"
#include "net/http/request_reader.h"
#include "net/shared.h"
#include "net/socket.h"

struct guests;
struct listener;
struct loop;
struct loop_timer;
struct lws;
struct lws_context;
struct lws_log_cx;
struct lws_vhost;

/* A closed socket kept for reuse. */
struct parked_socket {
    struct lws *wsi;
    int fd;
};

struct proxied;

/* Ordered by time. */
struct proxied_list {
    struct proxied *first;
    struct proxied *last;
    unsigned guests; /* among them: see guests.h */
};

/* The stages of its shutdown. */
enum reactor_end { REACTOR_RUNS, REACTOR_ENDS, REACTOR_ENDED };

struct reactor {
    /* set once by reactor_new */
    struct net *net;
    struct loop *loop;               /* NULL once finished */
    struct lws_context *lws_context; /* NULL after its destruction */
    struct lws_vhost *lws_vhost;
    struct lws_log_cx *lws_log;  /* NULL if the library has none (4.1) */
    stream_reader *first_reader; /* protocol of a new socket */
    void (*on_closed)(
        struct socket *socket); /* frees its request or connection */
    pthread_t thread;
    bool is_started;
    _Atomic uint64_t ticked_ms; /* read by any thread */
    /* only its own thread */
    struct worker worker;
    struct listener *listeners; /* see listener.h */
    struct guests *guests;      /* NULL until the first one */
    struct loop_timer *tick;
    struct loop_timer *drain;
    uint64_t drain_began_ms;
    uint32_t drain_step;  /* by the time since then */
    uint32_t drain_total; /* connections then */
    uint32_t drain_asked; /* of these, to close */
    enum reactor_end end;
    struct socket_list fresh;     /* no whole request yet, oldest first */
    struct proxied_list proxied;  /* no PROXY header yet */
    struct socket_list kept;      /* between requests, longest idle first */
    struct socket_list blocked;   /* by the last progress, oldest first */
    struct socket_list asking;    /* waiting for the bus, newest last */
    struct socket_list closing;   /* waiting for the client's close frame */
    struct socket_list lingering; /* closed by Peal, waiting for the peer */
    bool has_idle;                /* more of these lists are to be closed */
    struct socket *waiting;       /* to be served or ended, see stream.h */
    struct socket *serving;       /* the rest of the current batch */
    struct send_ring *send_ring;  /* NULL: each send is a system call */
    struct parked_socket parked[PARKED_MAX]; /* see socket.c */
    unsigned parked_count;
    int silence_fd;        /* their placeholder meanwhile */
    struct socket **by_fd; /* its sockets, by descriptor */
    int by_fd_count;
    /* of the current request */
    struct request_reader request_reader;
    struct buffer joined;
    struct buffer decoded;
    struct buffer response;
    char arena[32768]; /* what OpenSSL held */
};

/* Call at the end of a turn. */
static inline void reactor_end(struct reactor *reactor)
{
    if (reactor->end == REACTOR_RUNS)
        reactor->end = REACTOR_ENDS;
}

#endif
