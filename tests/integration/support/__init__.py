"""Shared code of the integration tests: the server as a process, a WebSocket
client that can misbehave, plain HTTP over a socket, and tokens."""
