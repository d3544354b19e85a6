// What every script in this folder shares: named steps, one line of JSON each, and a tunnel.
import http from 'node:http';
import https from 'node:https';
import tls from 'node:tls';

let failed = 0;

export const env = process.env;

/** Run one step; the others run even if it fails. */
export async function step(name, work) {
  let wrong = '';
  try {
    await work();
  } catch (error) {
    failed += 1;
    wrong = String(error?.message ?? error).slice(0, 1500);
    if (error?.status) wrong += ` (status ${error.status}, code ${error.code})`;
  }
  console.log(JSON.stringify({ step: name, wrong }));
}

export function finish() {
  process.exitCode = failed ? 1 : 0;
}

/** Let every https request of this process go through the forward proxy. */
export function throughProxy(url) {
  const proxy = new URL(url);
  https.Agent.prototype.createConnection = (options, done) => {
    http
      .request({
        host: proxy.hostname,
        port: proxy.port,
        method: 'CONNECT',
        path: `${options.host}:${options.port ?? 443}`,
      })
      .on('connect', (answer, socket) => {
        if (answer.statusCode !== 200) done(new Error(answer.statusMessage));
        else done(null, tls.connect({ socket, servername: options.host }));
      })
      .on('error', done)
      .end();
  };
}
