// ws.js URL CA|- [ACTION...]: one connection of npm's ws. Prints `open`, what comes, and the close.
// Once it is open it does what ACTIONs say: `text …`, `binary …`, `ping …`, `fragments A B …`. It
// closes with 1000 `bye` when it is told to end.
'use strict';

const fs = require('fs');
const WebSocket = require('ws');

const [url, ca, ...actions] = process.argv.slice(2);
const socket = new WebSocket(url, { ca: ca === '-' ? undefined : fs.readFileSync(ca) });

function act(action) {
  const [, what, rest] = action.match(/^(\w+) ?(.*)$/s);
  if (what === 'text') socket.send(rest);
  if (what === 'binary') socket.send(Buffer.from(rest));
  if (what === 'ping') socket.ping(rest);
  if (what === 'fragments') {
    const parts = rest.split(' ');
    parts.forEach((part, at) => socket.send(part, { fin: at === parts.length - 1 }));
  }
}

socket.on('open', () => {
  console.log(`open ${socket.extensions || 'plain'}`);
  actions.forEach(act);
});
socket.on('message', (data, binary) => console.log(`${binary ? 'binary' : 'message'} ${data}`));
socket.on('pong', (data) => console.log(`pong ${data}`));
socket.on('unexpected-response', (request, response) => {
  console.log(`status ${response.statusCode}`);
  process.exit(0);
});
socket.on('error', (error) => console.log(`error ${error.message}`));
socket.on('close', (code, reason) => {
  console.log(`close ${code} ${reason}`);
  process.exit(0);
});
process.on('SIGTERM', () => socket.close(1000, 'bye'));
