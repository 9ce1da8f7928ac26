// http2.js URL CA PATH...: one HTTP/2 connection to URL with a stream for each PATH. The first one
// is not read until SIGUSR1 comes. Prints `NUMBER EVENT-ID` for each event, 0 being the first path.
'use strict';

const http2 = require('node:http2');
const fs = require('node:fs');

const [url, ca, ...paths] = process.argv.slice(2);
const session = http2.connect(url, { ca: fs.readFileSync(ca) });
session.on('error', (error) => console.log(`error ${error}`));
session.on('close', () => console.log('closed'));

paths.forEach((path, number) => {
  const request = session.request({ ':path': path });
  let text = '';
  request.setEncoding('utf8');
  request.on('response', (headers) => console.log(`${number} status ${headers[':status']}`));
  request.on('data', (piece) => {
    text += piece;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const id = /^id: (.*)$/m.exec(block);
      const name = /^event: (.*)$/m.exec(block);
      if (id) console.log(`${number} ${id[1]}`);
      else if (name) console.log(`${number} ${name[1]}`);
      if (name && name[1] === 'ready' && number === 0) {
        request.pause();
        console.log('0 paused');
      }
    }
  });
  request.on('end', () => console.log(`${number} end`));
  request.on('error', (error) => console.log(`${number} error ${error}`));
  if (number === 0) process.on('SIGUSR1', () => request.resume());
});
process.on('SIGTERM', () => process.exit(0));
