"""What the integration tests share: the server as a process, a WebSocket
client that may misbehave, plain HTTP over a socket, and tokens."""
