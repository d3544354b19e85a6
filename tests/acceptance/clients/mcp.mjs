// A server of tools for language models, run as its users run it: a process of its own, through the proxy.
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { env } from './steps.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

/** A client of the server whose script stands below node_modules, with these variables beside ours. */
export async function connected(script, variables) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      '--import',
      pathToFileURL(path.join(here, 'through_proxy.mjs')).href,
      path.join(here, 'node_modules', script),
    ],
    stderr: 'ignore',
    env: { ...env, ...variables },
  });
  const client = new Client({ name: 'windtunnel', version: '1' });
  await client.connect(transport);
  return client;
}
