// Prints the results of the receiver of npm's ws for streams. On stdin, each
// stream follows its length (4 bytes, little-endian). The output has complete
// messages, not frames, with hexadecimal payloads; each stream ends with "=".
"use strict";

const { Receiver } = require("ws");

function statusOf(error) {
  const symbol = Object.getOwnPropertySymbols(error)
    .find((each) => each.description === "status-code");
  return error[symbol];
}

function read(stream, lines) {
  const receiver = new Receiver({ isServer: true });
  receiver.on("message", (data, isBinary) =>
    lines.push(`${isBinary ? "binary" : "text"} ${data.toString("hex")} .`));
  receiver.on("ping", (data) => lines.push(`ping ${data.toString("hex")}`));
  receiver.on("pong", (data) => lines.push(`pong ${data.toString("hex")}`));
  receiver.on("conclude", (code, reason) =>
    lines.push(`close ${code} ${reason.toString("hex")}`));
  // bypasses the queue of a stream, so that events are emitted at once
  receiver._write(stream, "buffer", (error) => {
    if (error) lines.push(`bad ${statusOf(error)}`);
  });
  lines.push("=");
}

const input = require("fs").readFileSync(0);
const lines = [];
for (let at = 0; at < input.length;) {
  const length = input.readUInt32LE(at);
  // a copy, because the receiver unmasks in place
  read(Buffer.from(input.subarray(at + 4, at + 4 + length)), lines);
  at += 4 + length;
}
process.stdout.write(lines.join("\n") + "\n");
