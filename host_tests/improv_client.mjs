// The client of the standard's own SDK (npm: improv-wifi-serial-sdk) at a serial port, for test_improv_board.py.
//
// node improv_client.mjs FOLDER_OF_THE_SDK TTY: each line on standard input is a method's name and its arguments, as a JSON
// list; each line on standard output is {"result"} or {"error"}, with what the client knows by then.
import fs from "node:fs";
import readline from "node:readline";
import { Readable } from "node:stream";
import tty from "node:tty";

// What a browser has, and Node.js 18 has not.
globalThis.CustomEvent ??= class extends Event {
  constructor(type, options) {
    super(type);
    this.detail = options?.detail;
  }
};

const [folder, path] = process.argv.slice(2);
const { ImprovSerial } = await import(`${folder}/serial.js`);
const fd = fs.openSync(path, "r+");
const port = {
  readable: Readable.toWeb(new tty.ReadStream(fd)),
  writable: new WritableStream({ write: (bytes) => void fs.writeSync(fd, bytes) }),
};
const quiet = { log() {}, debug() {}, error(...words) { console.error(...words); } };
const client = new ImprovSerial(port, quiet);
const events = [];
for (const name of ["state-changed", "error-changed"]) client.addEventListener(name, (event) => events.push([name, event.detail]));

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [method, ...args] = JSON.parse(line);
  let answer;
  try {
    answer = { result: method === "write" ? void fs.writeSync(fd, Buffer.from(args[0], "hex")) : await client[method](...args) };
  } catch (error) {
    answer = { error: String(error?.message ?? error) };
  }
  const { state, error: fault, nextUrl, info } = client;
  console.log(JSON.stringify({ ...answer, state, fault, nextUrl, info, events: events.splice(0) }));
}
process.exit();
