// npm dataverse-webapi: it knows no port, so it goes to the cloud's name through the proxy.
import assert from 'node:assert/strict';
import * as api from 'dataverse-webapi/lib/node';
import { env, finish, step, throughProxy } from './steps.mjs';

throughProxy(env.WT_PROXY_URL);
const where = { version: '9.2', accessToken: env.WT_TOKEN, url: `${env.WT_ORGANIZATION}/api/data/v9.2` };
const mark = `dataverse-webapi ${Date.now()}`;
let account;

await step('creates and answers the id', async () => {
  account = await api.create(where, 'accounts', { name: mark });
  assert.match(account, /^[0-9a-f-]{36}$/);
});

await step('creates with data', async () => {
  const made = await api.createWithReturnData(
    where, 'contacts', { lastname: mark, 'parentcustomerid_account@odata.bind': `/accounts(${account})` },
    '$select=lastname',
  );
  assert.equal(made.lastname, mark);
});

await step('retrieves, with formatted values', async () => {
  const found = await api.retrieve(where, 'accounts', account, '$select=name,statecode', {
    includeFormattedValues: true,
  });
  assert.equal(found['statecode@OData.Community.Display.V1.FormattedValue'], 'Active');
});

await step('updates, with and without data, and a property', async () => {
  await api.update(where, 'accounts', account, { fax: '1' });
  const found = await api.updateWithReturnData(where, 'accounts', account, { fax: '2' }, '$select=fax');
  assert.equal(found.fax, '2');
  await api.updateProperty(where, 'accounts', account, 'fax', '3');
  assert.equal((await api.retrieve(where, 'accounts', account, '$select=fax')).fax, '3');
  await api.deleteProperty(where, 'accounts', account, 'fax');
  assert.equal((await api.retrieve(where, 'accounts', account, '$select=fax')).fax, null);
});

await step('retrieves many, page by page', async () => {
  for (let i = 0; i < 3; i += 1) await api.create(where, 'accounts', { name: `${mark} ${i}` });
  const query = `$select=name&$filter=startswith(name,'${mark}')`;
  const first = await api.retrieveMultiple(where, 'accounts', query, { maxPageSize: 2 });
  assert.equal(first.value.length, 2);
  assert.ok(first['@odata.nextlink'] ?? first['@odata.nextLink'], JSON.stringify(first));
  const rest = await api.retrieveMultipleNextPage( // it writes the link into what it is given
    { ...where }, first['@odata.nextlink'] ?? first['@odata.nextLink'], { maxPageSize: 2 },
  );
  assert.equal(rest.value.length, 2);
});

await step('associates and disassociates', async () => {
  const contact = (await api.createWithReturnData(
    where, 'contacts', { lastname: `${mark} c` }, '$select=contactid',
  )).contactid;
  await api.associate(
    where, 'accounts', account, 'contact_customer_accounts', 'contacts', contact,
  );
  const kin = async () => (await api.retrieveMultiple(
    where, 'contacts', `$select=lastname&$filter=_parentcustomerid_value eq ${account}`,
  )).value.length;
  assert.equal(await kin(), 2);
  await api.disassociate(where, 'accounts', account, 'contact_customer_accounts', contact);
  assert.equal(await kin(), 1);
});

await step('calls functions and actions', async () => {
  const who = await api.unboundFunction(where, 'WhoAmI');
  assert.match(who.UserId, /^[0-9a-f-]{36}$/);
  const count = await api.unboundFunction(where, 'RetrieveTotalRecordCount', [
    { name: 'EntityNames', value: "['account']", alias: 'names' },
  ]);
  assert.ok(count);
});

await step('sends a batch', async () => {
  const answer = await api.batchOperation(
    where, 'b1', 'c1',
    [{ queryString: 'accounts', method: 'POST', entity: { name: `${mark} batch` } }],
    [`accounts?$select=name&$filter=name eq '${mark}'`],
  );
  assert.ok(String(answer).includes(mark) || JSON.stringify(answer).includes(mark), String(answer));
});

await step('reads errors', async () => {
  let wrong;
  try {
    await api.retrieve(where, 'accounts', '8b0f5f3c-0000-4000-8000-0000000000ff');
  } catch (error) {
    wrong = error;
  }
  assert.ok(String(wrong?.message ?? wrong).includes('Does Not Exist'), JSON.stringify(wrong));
});

await step('deletes', async () => {
  await api.deleteRecord(where, 'accounts', account);
});

finish();
