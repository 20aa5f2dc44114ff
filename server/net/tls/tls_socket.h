/* tls_socket: an accepted socket's TLS: its writes, and what OpenSSL has read
 * beyond libwebsockets' own reads.
 *
 * OpenSSL reads and writes through a BIO of ours. It takes the BIO for a
 * kernel that encrypts, and gives it the keys for writing: of a short record
 * SSL_write costs three times what sealing it here does (record_sealer). While
 * the worker gathers writes the records of many sockets are collected for one
 * system call.
 *
 * Owner:   the SSL owns its BIO; records that are gathered are copied
 *          into the ring.
 * Thread:  the reactor's.
 * Limits:  what waits for the kernel is what one turn gathered for the socket:
 *          nothing more is written before it has gone.
 * Failure: a dead socket fails the write.
 */
#ifndef PEAL_NET_TLS_SOCKET_H
#define PEAL_NET_TLS_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"

struct socket;
struct ssl_st;
struct tls_socket;

/* Puts records off; called with what tls_socket_attach was given. */
typedef void tls_socket_gather(struct socket *socket, struct bytes records);

/* In the handshake, before there are keys: OpenSSL reads and writes through us
 * from now on. */
void tls_socket_prepare(struct ssl_st *ssl);

/* After the handshake, of one that was prepared. */
struct tls_socket *tls_socket_attach(struct ssl_st *ssl, struct socket *socket,
                                     tls_socket_gather *gather);

/* The socket is freed. Sends close_notify: libwebsockets does not for a raw
 * socket. */
void tls_socket_detach(struct tls_socket *tls);

/* OpenSSL has read more than it has given. */
bool tls_socket_has_more(const struct tls_socket *tls);

/* Reads on: how many bytes, 0 when there are none now, -1 at the end. */
ssize_t tls_socket_read(struct tls_socket *tls, char *data, size_t size);

/* Encrypts and sends; what the kernel has no room for is kept. False when the
 * socket is dead. */
bool tls_socket_write(struct tls_socket *tls, struct bytes bytes);

/* The same, gathered for the reactor's ring. */
bool tls_socket_write_later(struct tls_socket *tls, struct bytes bytes);

/* The kernel had no room for these records. */
void tls_socket_keep(struct tls_socket *tls, struct bytes records);

/* Whether such records wait. */
bool tls_socket_is_blocked(const struct tls_socket *tls);

/* How many bytes of them. */
size_t tls_socket_unsent(const struct tls_socket *tls);

/* Sends them, as many as go; false when the socket is dead. */
bool tls_socket_flush(struct tls_socket *tls);

/* Says that nothing follows (close_notify), once; reading goes on. */
void tls_socket_end(struct tls_socket *tls);

#endif
