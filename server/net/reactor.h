/* reactor: one thread: its loop, its libwebsockets context, its listeners, and
 * the worker whose connections live there.
 *
 * Owner:   struct net.
 * Thread:  reactor_new, reactor_start and reactor_free from the main thread;
 *          reactor_drain and reactor_stop from any; the rest from its own.
 * Limits:  sockets and their idle time; see socket.h.
 * Failure: reactor_new returns NULL when libwebsockets cannot be set up.
 */
#ifndef PEAL_NET_REACTOR_H
#define PEAL_NET_REACTOR_H

#include <pthread.h>

#include "messaging/worker.h"
#include "net/net.h"
#include "net/proxied.h"
#include "net/socket.h"

struct lws_context;
struct lws_vhost;
struct lws_protocols;
struct listener;
struct loop;
struct loop_timer;

struct reactor {
    /* set once by reactor_new */
    struct net *net;
    struct loop *loop; /* NULL once finished */
    struct lws_protocols *lws_protocols;
    struct lws_context *lws_context; /* set to NULL by its destruction */
    struct lws_vhost *lws_vhost;
    pthread_t thread;
    bool is_started;
    _Atomic uint64_t ticked_ms; /* any thread reads it */
    /* only its own thread */
    struct worker worker;
    struct listener *listeners; /* see listener.h */
    struct loop_timer *tick;
    struct loop_timer *drain;
    uint32_t drain_step;  /* since the drain began */
    uint32_t drain_total; /* connections then */
    uint32_t drain_asked; /* of these, to close */
    bool is_stopping;
    bool has_cut_message; /* a read ended within a message */
    bool is_held;         /* the flush waits for the next read */
    unsigned held_turns;
    struct socket_list fresh;     /* no request yet, oldest first */
    struct proxied_list proxied; /* no PROXY header yet */
    struct socket_list kept;      /* between requests, longest idle first */
    struct socket_list asking;    /* waiting for the bus, newest last */
    struct socket_list lingering; /* closed by us, waiting for their end */
    struct socket_list explained; /* to be closed with a refusal's reason */
    struct socket *held;          /* those whose input holds bytes */
    bool has_unserved;            /* some came into that list since */
    struct socket *serving;       /* the rest of those being served */
    struct send_ring *send_ring;  /* NULL: each send is a system call */
    struct socket **by_fd;        /* its sockets, by descriptor */
    int by_fd_count;
    char arena[32768]; /* the headers of the request at hand */
};

struct reactor *reactor_new(struct net *net, unsigned index);

void reactor_start(struct reactor *reactor);

/* Starts closing; the thread ends by itself. */
void reactor_drain(struct reactor *reactor);

/* Ends the thread as soon as may be. */
void reactor_stop(struct reactor *reactor);

/* Waits for the thread. The bus may still post, and wake the loop. */
void reactor_join(struct reactor *reactor);

/* Closes what the thread left, once all are joined and the bus has stopped:
 * posts wake nobody from here on. */
void reactor_finish(struct reactor *reactor);

/* Runs what was posted; whether there was anything. Once all are finished. */
bool reactor_drain_inbox(struct reactor *reactor);

/* Once all are finished and all inboxes are empty: what one inbox holds may
 * post to another. */
void reactor_free(struct reactor *reactor);

/* The running reactor's socket with that descriptor, or NULL. Any thread. */
struct socket *reactor_find_socket(int fd);

/* Takes an accepted socket. */
void reactor_adopt(struct reactor *reactor, int fd,
                   const struct ip_address *address);

#endif
