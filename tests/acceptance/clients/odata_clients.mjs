// npm @odata/client and odata (o.js): OData clients that know neither service, against both.
import assert from 'node:assert/strict';
import { OData } from '@odata/client';
import { o } from 'odata';
import { env, finish, step } from './steps.mjs';

const mark = `odata ${Date.now()}`;
const SERVICES = {
  dataverse: {
    endpoint: `${env.WT_DATAVERSE_URL}/api/data/v9.2/`,
    token: env.WT_TOKEN,
    set: 'accounts',
    name: 'name',
    change: 'fax',
    key: (row) => row.accountid,
    address: (row) => row.accountid,
    made: (n) => ({ name: `${mark} ${n}` }),
    missing: '00000000-0000-0000-0000-000000000001',
    begins: `startswith(name,'${mark} ')`,
  },
  'finance and operations': {
    endpoint: `${env.WT_FO_URL}/data/`,
    token: env.WT_FO_TOKEN,
    set: 'CustomerGroups',
    name: 'Description',
    change: 'Description',
    key: (row) => ({ dataAreaId: row.dataAreaId, CustomerGroupId: row.CustomerGroupId }),
    address: (row) => `dataAreaId='${row.dataAreaId}',CustomerGroupId='${row.CustomerGroupId}'`,
    made: (n) => ({ dataAreaId: 'usmf', CustomerGroupId: `O${n}`, Description: `${mark} ${n}` }),
    missing: "dataAreaId='usmf',CustomerGroupId='none'",
    begins: `Description eq '${mark} *'`,
  },
};

for (const [service, to] of Object.entries(SERVICES)) {
  const headers = { Authorization: `Bearer ${to.token}` };
  const client = OData.New4({ serviceEndpoint: to.endpoint, commonHeaders: headers });
  const set = client.getEntitySet(to.set);
  const named = (name) => client.newFilter().property(to.name).eq(name);
  let row;

  await step(`@odata/client creates, finds, retrieves, changes and counts: ${service}`, async () => {
    await set.create(to.made(1));
    [row] = await set.query(client.newParam().filter(named(`${mark} 1`)).top(2));
    assert.equal(row[to.name], `${mark} 1`);
    assert.equal((await set.retrieve(to.key(row)))[to.name], `${mark} 1`);
    await set.update(to.key(row), { [to.change]: 'changed' });
    assert.equal((await set.retrieve(to.key(row)))[to.change], 'changed');
    assert.ok((await set.count()) >= 1);
    assert.equal((await set.find({ [to.change]: 'changed' })).length, 1);
  });

  await step(`@odata/client sends a batch: ${service}`, async () => {
    const answers = await client.execBatchRequests([
      client.newBatchRequest({ collection: to.set, params: client.newParam().top(1) }),
      client.newBatchRequest({ collection: to.set, entity: to.made(2), method: 'POST', withContentLength: true }),
    ]);
    assert.equal(answers[0].status, 200);
    assert.ok([201, 204].includes(answers[1].status), String(answers[1].status));
  });

  await step(`@odata/client deletes: ${service}`, async () => {
    await set.delete(to.key(row));
    assert.equal((await set.query(client.newParam().filter(named(`${mark} 1`)))).length, 0);
  });

  const root = (useChangset = false) =>
    o(to.endpoint, {
      headers: { ...headers, 'Content-Type': 'application/json' },
      batch: {
        headers: new Headers({ ...headers, 'Content-Type': 'multipart/mixed' }),
        endpoint: '$batch', boundaryPrefix: 'batch_', changsetBoundaryPrefix: 'changset_', useChangset,
      },
    });
  const asked = { $filter: to.begins, $orderby: `${to.name} desc`, $top: 3 };

  await step(`o.js creates, queries, changes and deletes: ${service}`, async () => {
    await root().post(to.set, to.made(3)).query();
    const found = await root().get(to.set).query(asked);
    assert.deepEqual(found.map((one) => one[to.name]), [`${mark} 3`, `${mark} 2`]);
    const address = `${to.set}(${to.address(found[0])})`;
    await root().patch(address, { [to.change]: 'by o.js' }).query();
    assert.equal((await root().get(address).query())[to.change], 'by o.js');
    await root().delete(address).query();
    const missing = await root().get(`${to.set}(${to.missing})`).query().catch((answer) => answer);
    assert.equal(missing.status, 404);
  });

  for (const useChangset of [false, true]) {
    await step(`o.js sends a batch${useChangset ? ' with a change set' : ''}: ${service}`, async () => {
      const reads = root(useChangset);
      reads.get(to.set).get(to.set);
      const read = await reads.batch({ $top: 1 });
      assert.deepEqual(read.map((part) => part.status), [200, 200]);
      const writes = root(useChangset);
      const numbers = useChangset ? [4, 5] : [6, 7];
      writes.post(to.set, to.made(numbers[0])).post(to.set, to.made(numbers[1]));
      const written = await writes.batch();
      assert.ok(written.every((part) => [201, 204].includes(part.status)), JSON.stringify(written));
    });
  }
}
finish();
