// npm odata-csdl, @sap-ux/edmx-parser, odata2openapi: each reads $metadata and counts what is in it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { env, finish, step } from './steps.mjs';

const require = createRequire(import.meta.url);
const text = fs.readFileSync(env.WT_METADATA, 'utf8');
const expected = JSON.parse(env.WT_EXPECTED);

await step('odata-csdl', async () => {
  const { xml2json } = require('odata-csdl');
  const document = xml2json(text);
  const members = Object.entries(document[expected.namespace]);
  const of = (kind) => members.filter(([, member]) => member.$Kind === kind);
  const types = of('EntityType').filter(([, type]) => !type.$Abstract);
  const [, container] = of('EntityContainer')[0];
  const sets = Object.values(container).filter((set) => set.$Collection);
  assert.deepEqual([types.length, sets.length], [expected.types, expected.sets]);
  const account = document[expected.namespace].account;
  const columns = Object.values(account).filter((m) => m?.$Kind !== 'NavigationProperty' && typeof m === 'object' && !Array.isArray(m));
  assert.equal(columns.length, expected.columns);
});

await step('@sap-ux/edmx-parser', async () => {
  const { parse } = require('@sap-ux/edmx-parser');
  const { schema } = parse(text);
  assert.equal(schema.entitySets.length, expected.sets);
  const names = new Set(schema.entitySets.map((set) => set.entityTypeName));
  assert.equal(names.size, expected.sets);
  const account = schema.entityTypes.find((type) => type.name === 'account');
  assert.equal(account.entityProperties.length, expected.columns);
  assert.equal(schema.entityTypes.filter((type) => names.has(type.fullyQualifiedName)).length, expected.types);
});

await step('odata2openapi', async () => {
  const { parse, convert } = require('odata2openapi');
  const service = await parse(text);
  assert.equal(service.entitySets.length, expected.sets);
  const types = new Set(service.entitySets.map((set) => set.entityType.name));
  assert.equal(types.size, expected.types);
  const made = convert(service.entitySets.slice(0, 5), { host: 'localhost', basePath: '/api' }, service.version);
  assert.ok(Object.keys(made.paths).length >= 5);
});

finish();
