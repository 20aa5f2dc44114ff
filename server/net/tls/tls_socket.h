/* tls_socket: TLS of an accepted socket: writes, and data that OpenSSL has read
 * beyond libwebsockets' own reads.
 *
 * OpenSSL reads and writes through Peal's BIO, which claims to support kernel
 * TLS and thus receives the keys for writing: for a short record, SSL_write
 * costs three times as much as record_sealer. While the worker gathers writes,
 * the records of many sockets are collected for one system call.
 *
 * Owner:   the SSL owns its BIO; gathered records are copied into the ring.
 * Thread:  the reactor's.
 * Limits:  unsent data is at most what one turn gathered for the socket:
 *          nothing more is written before it is sent.
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

/* Defers records; called with the argument of tls_socket_attach. */
typedef void tls_socket_gather(struct socket *socket, struct bytes records);

/* Call in the handshake, before there are keys: OpenSSL uses Peal's BIO from
 * now on. */
void tls_socket_prepare(struct ssl_st *ssl);

/* Call after the handshake of a prepared socket. */
struct tls_socket *tls_socket_attach(struct ssl_st *ssl, struct socket *socket,
                                     tls_socket_gather *gather);

/* Call when the socket is freed. Sends close_notify, which libwebsockets does
 * not do for raw sockets. */
void tls_socket_detach(struct tls_socket *tls);

/* Whether OpenSSL has buffered unread data. */
bool tls_socket_has_more(const struct tls_socket *tls);

/* Reads; returns the number of bytes, 0 if none are there, -1 at the end. */
ssize_t tls_socket_read(struct tls_socket *tls, char *data, size_t size);

/* Encrypts and sends; keeps what the kernel has no room for. False if the
 * socket is dead. */
bool tls_socket_write(struct tls_socket *tls, struct bytes bytes);

/* The same, gathered for the reactor's ring. */
bool tls_socket_write_later(struct tls_socket *tls, struct bytes bytes);

/* Keeps records that the kernel had no room for. */
void tls_socket_keep(struct tls_socket *tls, struct bytes records);

/* Whether there are such records. */
bool tls_socket_is_blocked(const struct tls_socket *tls);

/* How many bytes of them. */
size_t tls_socket_unsent(const struct tls_socket *tls);

/* Sends as many of them as possible; false if the socket is dead. */
bool tls_socket_flush(struct tls_socket *tls);

/* Sends close_notify, once; reading continues. */
void tls_socket_end(struct tls_socket *tls);

#endif
