// Signs JSON Web Tokens as an issuer does. Each line of stdin is {key, alg, header, claims}: a file
// of a private key, how it signs (RS256, ES256, EdDSA), and both parts as text. Prints a token for
// each line.
'use strict';

const crypto = require('crypto');
const fs = require('fs');

const encode = (bytes) => Buffer.from(bytes).toString('base64url');

function sign(key, alg, text) {
  if (alg === 'EdDSA') {
    return crypto.sign(null, text, key);
  }
  return crypto.sign('sha256', text, { key, dsaEncoding: 'ieee-p1363' });
}

for (const line of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const { key, alg, header, claims } = JSON.parse(line);
  const text = `${encode(header)}.${encode(claims)}`;
  const signature = sign(fs.readFileSync(key), alg, Buffer.from(text));
  console.log(`${text}.${encode(signature)}`);
}
