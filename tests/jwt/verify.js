// Verifies a token with npm's jsonwebtoken and prints its claims:
//   node verify.js ALG KEY_FILE TOKEN [OPTIONS_JSON]
const fs = require('node:fs');
const jwt = require('jsonwebtoken');

const [algorithm, keyFile, token, options = '{}'] = process.argv.slice(2);

const found = jwt.verify(token, fs.readFileSync(keyFile), {
  algorithms: [algorithm],
  ...JSON.parse(options),
});
process.stdout.write(JSON.stringify(found));
