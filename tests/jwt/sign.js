// Signs claims with npm's jsonwebtoken and prints the token:
//   node sign.js ALG KEY_FILE CLAIMS_JSON [HEADER_JSON]
const fs = require('node:fs');
const jwt = require('jsonwebtoken');

const [algorithm, keyFile, claims, header = '{}'] = process.argv.slice(2);

process.stdout.write(jwt.sign(JSON.parse(claims), fs.readFileSync(keyFile), {
  algorithm,
  noTimestamp: true,
  header: JSON.parse(header),
}));
