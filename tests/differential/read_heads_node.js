// Reads inputs from stdin, each after its length (four bytes, big-endian), passes
// each to an HTTP server of Node as a client's data, and writes a line of JSON
// for each: the requests found by its parser (llhttp), and how the input ended.
"use strict";
const fs = require("fs");
const http = require("http");
const { Duplex } = require("stream");

let found; // of the current input

function onRequest(request, response) {
  const seen = {
    method: request.method,
    target: request.url,
    minor: request.httpVersionMinor,
    fields: request.rawHeaders,
    body: "",
    whole: false,
  };
  found.requests.push(seen);
  request.on("data", (data) => { seen.body += data.toString("latin1"); });
  found.ends.push(() => { seen.whole = request.complete; });
  request.on("error", () => {});
  response.on("error", () => {});
  response.end();
}

const server = http.createServer({ keepAliveTimeout: 0 }, onRequest);
server.on("checkContinue", onRequest);
server.on("checkExpectation", onRequest);
server.on("clientError", (error) => {
  if (error.code && error.code.startsWith("HPE_")) found.error = error.code;
});

class Client extends Duplex {
  constructor(data) {
    super({ allowHalfOpen: true });
    this.answer = "";
    this.sent = data;
  }
  _read() {
    if (this.sent && this.sent.length) this.push(this.sent);
    this.sent = null;
  }
  _write(data, encoding, done) {
    this.answer += data.toString("latin1");
    done();
  }
  setTimeout() { return this; }
  setNoDelay() { return this; }
  setKeepAlive() { return this; }
  ref() { return this; }
  unref() { return this; }
}

// Data of a client is parsed at once; the results are emitted within a few turns of the loop.
const TURNS = 8;

function readInput(data) {
  return new Promise((resolve) => {
    const client = new Client(data);
    found = { requests: [], error: null, ends: [] };
    client.on("error", () => {});
    server.emit("connection", client);
    let turns = TURNS;
    const wait = () => {
      if (turns--) {
        setImmediate(wait);
        return;
      }
      found.ends.forEach((end) => end());
      resolve({
        requests: found.requests,
        error: found.error,
        // the server itself answers a request without a host
        refused: client.answer.includes("HTTP/1.1 400 "),
      });
      found = { requests: [], ends: [] };
      client.destroy();
    };
    setImmediate(wait);
  });
}

async function main() {
  const all = fs.readFileSync(0);
  const lines = [];
  for (let at = 0; at < all.length;) {
    const length = all.readUInt32BE(at);
    lines.push(JSON.stringify(
      await readInput(all.subarray(at + 4, at + 4 + length))));
    at += 4 + length;
  }
  fs.writeSync(1, lines.join("\n") + "\n");
  process.exit(0);
}

main();
