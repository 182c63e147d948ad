// What the npm package node-netflowv9 reads from a UDP port, as one JSON object a line:
//     node collect.js MODULE_DIRECTORY PORT OUT
// It ends with exit status 3 when the package throws, after saying why.
'use strict';
const fs = require('fs');
const path = require('path');
const Collector = require(path.join(process.argv[2], 'node-netflowv9'));
const out = fs.openSync(process.argv[4], 'w');

process.on('uncaughtException', function (error) {
    console.log('threw ' + error.name + ': ' + error.message);
    process.exit(3);
});
process.on('SIGTERM', function () {
    setImmediate(function () { fs.closeSync(out); process.exit(0); });
});
const collector = Collector(function (message) {
    for (const flow of message.flows)
        fs.writeSync(out, JSON.stringify({ from: message.rinfo.address, header: message.header, flow: flow }) + '\n');
});
collector.listen(Number(process.argv[3]), '127.0.0.1');
