// What the receiver of npm's ws makes of streams: each stands on stdin after
// its length (4 bytes, little-endian). Whole messages are told, not frames;
// payloads are written in hexadecimal; each stream ends with a line "=".
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
  // without the queue of a stream, so that all is told at once
  receiver._write(stream, "buffer", (error) => {
    if (error) lines.push(`bad ${statusOf(error)}`);
  });
  lines.push("=");
}

const input = require("fs").readFileSync(0);
const lines = [];
for (let at = 0; at < input.length;) {
  const length = input.readUInt32LE(at);
  // a copy: the receiver unmasks in place
  read(Buffer.from(input.subarray(at + 4, at + 4 + length)), lines);
  at += 4 + length;
}
process.stdout.write(lines.join("\n") + "\n");
