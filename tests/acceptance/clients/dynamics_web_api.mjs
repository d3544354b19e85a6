// npm dynamics-web-api: records, queries, paging, batch, keys, links, operations, metadata.
import assert from 'node:assert/strict';
import { DynamicsWebApi } from 'dynamics-web-api';
import { env, finish, step } from './steps.mjs';

const api = new DynamicsWebApi({
  serverUrl: `${env.WT_DATAVERSE_URL}/`,
  dataApi: { version: '9.2' },
  onTokenRefresh: async () => env.WT_TOKEN,
});
const mark = `dynamics-web-api ${Date.now()}`;
let account;
let contact;

async function refused(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}

await step('creates a record and answers its id', async () => {
  account = await api.create({ collection: 'accounts', data: { name: `${mark} a`, revenue: 10.5 } });
  assert.match(account, /^[0-9a-f-]{36}$/);
});

await step('creates with the representation', async () => {
  const made = await api.create({
    collection: 'contacts',
    data: { lastname: mark, 'parentcustomerid_account@odata.bind': `/accounts(${account})` },
    returnRepresentation: true,
    select: ['lastname', '_parentcustomerid_value'],
    includeAnnotations: '*',
  });
  contact = made.contactid;
  assert.equal(made._parentcustomerid_value, account);
  assert.equal(made._parentcustomerid_value_LogicalName, 'account');
  assert.equal(made._parentcustomerid_value_Formatted, `${mark} a`);
});

await step('creates what belongs together in one request', async () => {
  const made = await api.create({
    collection: 'accounts',
    data: {
      name: `${mark} deep`,
      primarycontactid: { lastname: `${mark} first` },
      Account_Tasks: [{ subject: `${mark} task` }],
    },
    returnRepresentation: true,
    expand: [
      { property: 'primarycontactid', select: ['lastname'] },
      { property: 'Account_Tasks', select: ['subject'] },
    ],
  });
  assert.equal(made.primarycontactid.lastname, `${mark} first`);
  assert.deepEqual(made.Account_Tasks.map((row) => row.subject), [`${mark} task`]);
});

await step('retrieves with select and expand', async () => {
  const found = await api.retrieve({
    collection: 'accounts',
    key: account,
    select: ['name', 'revenue'],
    expand: [{ property: 'contact_customer_accounts', select: ['lastname'], orderBy: ['lastname'] }],
  });
  assert.equal(found.revenue, 10.5);
  assert.deepEqual(found.contact_customer_accounts.map((c) => c.lastname), [mark]);
});

await step('retrieves a reference and a related record', async () => {
  const parent = await api.retrieve({
    collection: 'contacts',
    key: contact,
    navigationProperty: 'parentcustomerid_account',
    select: ['name'],
  });
  assert.equal(parent.name, `${mark} a`);
  const reference = await api.retrieve({
    collection: 'contacts',
    key: contact,
    select: ['parentcustomerid_account/$ref'],
  });
  assert.equal(reference.id, account);
});

await step('updates, and answers the representation when asked', async () => {
  await api.update({ collection: 'accounts', key: account, data: { telephone1: '1' } });
  const found = await api.update({
    collection: 'accounts',
    key: account,
    data: { telephone1: '2' },
    returnRepresentation: true,
    select: ['telephone1'],
  });
  assert.equal(found.telephone1, '2');
});

await step('updates and deletes a single property', async () => {
  await api.updateSingleProperty({
    collection: 'accounts', key: account, fieldValuePair: { telephone2: '22' },
  });
  let found = await api.retrieve({ collection: 'accounts', key: account, select: ['telephone2'] });
  assert.equal(found.telephone2, '22');
  await api.deleteRecord({ collection: 'accounts', key: account, property: 'telephone2' });
  found = await api.retrieve({ collection: 'accounts', key: account, select: ['telephone2'] });
  assert.equal(found.telephone2, null);
});

await step('respects etags', async () => {
  const found = await api.retrieve({ collection: 'accounts', key: account, select: ['name'] });
  const same = await api.retrieve({
    collection: 'accounts', key: account, select: ['name'], ifnonematch: found['@odata.etag'],
  }).catch((error) => error);
  assert.ok(same == null || same.status === 304, JSON.stringify(same));
  await api.update({ collection: 'accounts', key: account, data: { fax: '1' }, ifmatch: '*' });
  const stale = await api.update({
    collection: 'accounts', key: account, data: { fax: '2' }, ifmatch: found['@odata.etag'],
  });
  assert.equal(stale, false);
});

await step('upserts: neither creates nor updates when forbidden', async () => {
  const id = '8b0f5f3c-0000-4000-8000-0000000000aa';
  const none = await api.upsert({
    collection: 'accounts', key: id, data: { name: `${mark} u` }, ifmatch: '*',
  });
  assert.equal(none, null);
  assert.equal(await api.upsert({ collection: 'accounts', key: id, data: { name: `${mark} u` } }), id);
  const exists = await api.upsert({
    collection: 'accounts', key: id, data: { name: 'no' }, ifnonematch: '*',
  });
  assert.equal(exists, null);
  await api.deleteRecord({ collection: 'accounts', key: id });
  const gone = await refused(() => api.retrieve({ collection: 'accounts', key: id }));
  assert.equal(gone.status, 404);
  assert.equal(gone.code, '0x80040217');
});

await step('filters, orders, counts', async () => {
  const found = await api.retrieveMultiple({
    collection: 'accounts',
    select: ['name'],
    filter: `startswith(name,'${mark}')`,
    orderBy: ['name desc'],
    count: true,
  });
  assert.equal(found.oDataCount, 2);
  assert.deepEqual(found.value.map((row) => row.name), [`${mark} deep`, `${mark} a`]);
  const counted = await api.count({ collection: 'accounts', filter: `startswith(name,'${mark}')` });
  assert.equal(counted, 2);
  assert.equal(
    await api.countAll({ collection: 'accounts', filter: `startswith(name,'${mark}')`, select: ['name'] }),
    2,
  );
});

await step('pages by next links', async () => {
  const first = await api.retrieveMultiple({
    collection: 'accounts', select: ['name'], filter: `startswith(name,'${mark}')`, maxPageSize: 1,
  });
  assert.equal(first.value.length, 1);
  assert.ok(first.oDataNextLink);
  const second = await api.retrieveMultiple(
    { collection: 'accounts', maxPageSize: 1 }, first.oDataNextLink,
  );
  assert.equal(second.value.length, 1);
  const all = await api.retrieveAll({ collection: 'accounts', select: ['name'], maxPageSize: 3 });
  assert.ok(all.value.length > 3);
});

await step('aggregates', async () => {
  const found = await api.retrieveMultiple({
    collection: 'accounts',
    apply: `filter(startswith(name,'${mark}'))/aggregate($count as n,revenue with sum as total)`,
  });
  assert.deepEqual([found.value[0].n, found.value[0].total], [2, 10.5]);
});

await step('associates and disassociates', async () => {
  const other = await api.create({ collection: 'contacts', data: { lastname: `${mark} o` } });
  await api.associate({
    collection: 'accounts', primaryKey: account, relationshipName: 'contact_customer_accounts',
    relatedCollection: 'contacts', relatedKey: other,
  });
  const kin = async () => (await api.retrieveMultiple({
    collection: 'contacts', select: ['lastname'], filter: `_parentcustomerid_value eq ${account}`,
  })).value.length;
  assert.equal(await kin(), 2);
  await api.disassociate({
    collection: 'accounts', primaryKey: account, relationshipName: 'contact_customer_accounts',
    relatedKey: other,
  });
  assert.equal(await kin(), 1);
  await api.associateSingleValued({
    collection: 'accounts', primaryKey: account, navigationProperty: 'primarycontactid',
    relatedCollection: 'contacts', relatedKey: other,
  });
  const lookup = async () => (await api.retrieve({
    collection: 'accounts', key: account, select: ['_primarycontactid_value'],
  }))._primarycontactid_value;
  assert.equal(await lookup(), other);
  await api.disassociateSingleValued({
    collection: 'accounts', primaryKey: account, navigationProperty: 'primarycontactid',
  });
  assert.equal(await lookup(), null);
});

await step('batches: reads, a change set, references to what it makes', async () => {
  api.startBatch();
  api.count({ collection: 'accounts', filter: `name eq '${mark} b'` });
  api.retrieve({ collection: 'accounts', key: account, select: ['name'] });
  api.create({ collection: 'accounts', data: { name: `${mark} b` }, contentId: '1' });
  api.create({
    collection: 'contacts',
    data: { lastname: `${mark} b`, 'parentcustomerid_account@odata.bind': '$1' },
  });
  const answers = await api.executeBatch();
  assert.equal(answers.length, 4);
  assert.equal(answers[0], 0);
  assert.equal(answers[1].name, `${mark} a`);
  assert.match(answers[2], /^[0-9a-f-]{36}$/);
  const made = await api.retrieve({
    collection: 'contacts', key: answers[3], select: ['_parentcustomerid_value'],
  });
  assert.equal(made._parentcustomerid_value, answers[2]);
});

await step('a failed change set leaves nothing', async () => {
  api.startBatch();
  api.create({ collection: 'accounts', data: { name: `${mark} atom` } });
  api.update({ collection: 'accounts', key: '8b0f5f3c-0000-4000-8000-0000000000ff', data: { name: 1 } });
  await refused(() => api.executeBatch());
  assert.equal(await api.count({ collection: 'accounts', filter: `name eq '${mark} atom'` }), 0);
});

await step('fetches by FetchXML, page by page', async () => {
  const fetchXml = `<fetch count="1"><entity name="account"><attribute name="name"/>
    <order attribute="name"/><filter><condition attribute="name" operator="like"
    value="${mark}%"/></filter></entity></fetch>`;
  const first = await api.fetch({ collection: 'accounts', fetchXml, includeAnnotations: '*' });
  assert.deepEqual(first.value.map((row) => row.name), [`${mark} a`]);
  assert.equal(first.PagingInfo.nextPage, 2);
  const second = await api.fetch({
    collection: 'accounts', fetchXml, pageNumber: first.PagingInfo.nextPage,
    pagingCookie: first.PagingInfo.cookie, includeAnnotations: '*',
  });
  assert.equal(second.value.length, 1);
  assert.notEqual(second.value[0].name, first.value[0].name);
  const all = await api.fetchAll({ collection: 'accounts', fetchXml, includeAnnotations: '*' });
  assert.equal(all.value.length, 3);
});

await step('joins and aggregates by FetchXML', async () => {
  const joined = await api.fetch({
    collection: 'contacts',
    fetchXml: `<fetch><entity name="contact"><attribute name="lastname"/>
      <filter><condition attribute="contactid" operator="eq" value="${contact}"/></filter>
      <link-entity name="account" from="accountid" to="parentcustomerid" alias="a">
      <attribute name="name"/></link-entity></entity></fetch>`,
  });
  assert.equal(joined.value[0]['a.name'] ?? joined.value[0].a.name, `${mark} a`);
  const counted = await api.fetch({
    collection: 'accounts',
    fetchXml: `<fetch aggregate="true"><entity name="account"><attribute name="accountid"
      alias="n" aggregate="count"/><filter><condition attribute="name" operator="begins-with"
      value="${mark}"/></filter></entity></fetch>`,
  });
  assert.equal(counted.value[0].n, 3);
});

await step('calls functions', async () => {
  const who = await api.callFunction('WhoAmI');
  assert.match(who.UserId, /^[0-9a-f-]{36}$/);
  const total = await api.callFunction({
    name: 'RetrieveTotalRecordCount', parameters: { EntityNames: ['account'] },
  });
  assert.deepEqual(total.EntityRecordCountCollection.Keys, ['account']);
});

await step('calls actions', async () => {
  const target = (name) => ({ '@odata.type': 'Microsoft.Dynamics.CRM.task', subject: name });
  const made = await api.callAction({
    collection: 'tasks',
    actionName: 'Microsoft.Dynamics.CRM.CreateMultiple',
    action: { Targets: [target(`${mark} one`), target(`${mark} two`)] },
  });
  assert.equal(made.Ids.length, 2);
  assert.equal(await api.count({ collection: 'tasks', filter: `subject eq '${mark} two'` }), 1);
  const task = await api.create({
    collection: 'tasks',
    data: { subject: mark, 'regardingobjectid_account_task@odata.bind': `/accounts(${account})` },
    returnRepresentation: true,
  });
  assert.equal(task._regardingobjectid_value, account);
});

await step('uploads and reads an image', async () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  await api.uploadFile({
    collection: 'accounts', key: account, property: 'entityimage', fileName: 'dot.png', data: png,
  });
  const picture = async () => (await api.retrieve({
    collection: 'accounts', key: account, select: ['entityimage', 'entityimageid'],
  }));
  const found = await picture();
  assert.match(found.entityimageid, /^[0-9a-f-]{36}$/);
  assert.equal(Buffer.from(found.entityimage, 'base64').subarray(1, 4).toString(), 'PNG');
  await api.deleteRecord({ collection: 'accounts', key: account, property: 'entityimage' });
  assert.equal((await picture()).entityimageid, null);
});

await step('follows changes', async () => {
  const first = await api.retrieveMultiple({
    collection: 'accounts', select: ['name'], trackChanges: true,
  });
  assert.ok(first.oDataDeltaLink, 'there is no delta link');
  await api.update({ collection: 'accounts', key: account, data: { name: `${mark} c` } });
  const delta = await api.retrieveMultiple({ collection: 'accounts' }, first.oDataDeltaLink);
  assert.deepEqual(delta.value.map((row) => row.name), [`${mark} c`]);
});

await step('reads the model', async () => {
  const entity = await api.retrieveEntity({
    key: "LogicalName='account'", select: ['LogicalName', 'EntitySetName', 'MetadataId'],
  });
  assert.equal(entity.EntitySetName, 'accounts');
  const entities = await api.retrieveEntities({
    select: ['LogicalName'], filter: "LogicalName eq 'contact'",
  });
  assert.deepEqual(entities.value.map((row) => row.LogicalName), ['contact']);
  const attribute = await api.retrieveAttribute({
    entityKey: "LogicalName='account'", attributeKey: "LogicalName='name'",
    castType: 'Microsoft.Dynamics.CRM.StringAttributeMetadata',
    select: ['LogicalName', 'MaxLength'],
  });
  assert.equal(attribute.MaxLength, 160);
  const attributes = await api.retrieveAttributes({
    entityKey: entity.MetadataId, select: ['LogicalName'],
    castType: 'Microsoft.Dynamics.CRM.PicklistAttributeMetadata',
    expand: [{ property: 'OptionSet', select: ['Options'] }],
  });
  assert.ok(attributes.value.find((row) => row.LogicalName === 'industrycode').OptionSet.Options.length);
  const csdl = await api.retrieveCsdlMetadata();
  assert.ok(csdl.includes('<EntityType Name="account"'));
});

const label = (text) => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.Label',
  LocalizedLabels: [
    { '@odata.type': 'Microsoft.Dynamics.CRM.LocalizedLabel', Label: text, LanguageCode: 1033 },
  ],
});
const required = { Value: 'None', CanBeChanged: true, ManagedPropertyLogicalName: 'canmodifyrequirementlevelsettings' };
const text = (schemaName, more = {}) => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.StringAttributeMetadata',
  AttributeType: 'String',
  AttributeTypeName: { Value: 'StringType' },
  SchemaName: schemaName,
  MaxLength: 100,
  FormatName: { Value: 'Text' },
  RequiredLevel: required,
  DisplayName: label(schemaName),
  Description: label(schemaName),
  ...more,
});

await step('makes and changes a table and a column', async () => {
  const id = await api.createEntity({
    data: {
      '@odata.type': 'Microsoft.Dynamics.CRM.EntityMetadata',
      SchemaName: 'wt_Crate',
      DisplayName: label('Crate'),
      DisplayCollectionName: label('Crates'),
      Description: label('A crate'),
      OwnershipType: 'UserOwned',
      HasActivities: false,
      HasNotes: false,
      IsActivity: false,
      Attributes: [text('wt_Name', { IsPrimaryName: true })],
    },
  });
  assert.match(id, /^[0-9a-f-]{36}$/);
  const column = await api.createAttribute({ entityKey: id, data: text('wt_Code') });
  assert.match(column, /^[0-9a-f-]{36}$/);
  const found = await api.retrieveAttribute({
    entityKey: id, attributeKey: column, select: ['LogicalName', 'SchemaName'],
  });
  assert.equal(found.LogicalName, 'wt_code');
  const entity = await api.retrieveEntity({ key: id });
  entity.DisplayName = label('Big crate');
  await api.updateEntity({ data: entity });
  const again = await api.retrieveEntity({ key: "LogicalName='wt_crate'", select: ['DisplayName'] });
  assert.equal(again.DisplayName.UserLocalizedLabel.Label, 'Big crate');
});

await step('makes, reads and drops a relationship and a global choice', async () => {
  const link = await api.createRelationship({
    data: {
      '@odata.type': 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
      SchemaName: 'wt_account_crates',
      ReferencedEntity: 'account',
      ReferencedAttribute: 'accountid',
      ReferencingEntity: 'wt_crate',
      Lookup: {
        '@odata.type': 'Microsoft.Dynamics.CRM.LookupAttributeMetadata',
        AttributeType: 'Lookup',
        AttributeTypeName: { Value: 'LookupType' },
        SchemaName: 'wt_AccountId',
        DisplayName: label('Account'),
        Description: label('Account'),
        RequiredLevel: required,
      },
    },
  });
  const found = await api.retrieveRelationship({
    key: link, castType: 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
    select: ['SchemaName', 'ReferencingEntity'],
  });
  assert.deepEqual([found.SchemaName, found.ReferencingEntity], ['wt_account_crates', 'wt_crate']);
  const crate = await api.create({
    collection: 'wt_crates',
    data: { wt_name: 'two', 'wt_AccountId@odata.bind': `/accounts(${account})` },
    returnRepresentation: true,
  });
  assert.equal(crate._wt_accountid_value, account);
  await api.deleteRelationship({ key: link });
  const choice = await api.createGlobalOptionSet({
    data: {
      '@odata.type': 'Microsoft.Dynamics.CRM.OptionSetMetadata',
      Name: 'wt_colours',
      OptionSetType: 'Picklist',
      DisplayName: label('Colours'),
      Options: [{ Value: 700000000, Label: label('Red') }, { Value: 700000001, Label: label('Blue') }],
    },
  });
  const colours = await api.retrieveGlobalOptionSet({
    key: choice, castType: 'Microsoft.Dynamics.CRM.OptionSetMetadata', select: ['Name', 'Options'],
  });
  assert.deepEqual(colours.Options.map((option) => option.Value), [700000000, 700000001]);
  await api.deleteGlobalOptionSet({ key: "Name='wt_colours'" });
});

await step('searches', async () => {
  const found = await api.query({
    query: { search: 'dynamics', entities: [{ name: 'account' }], count: true },
  });
  assert.ok(Array.isArray(found.value), JSON.stringify(found));
});

// Neither keys nor tables can be made or dropped by the client itself.
async function plain(method, path, data) {
  const answer = await fetch(`${env.WT_DATAVERSE_URL}/api/data/v9.2/${path}`, {
    method,
    headers: { authorization: `Bearer ${env.WT_TOKEN}`, 'content-type': 'application/json' },
    body: data && JSON.stringify(data),
  });
  assert.ok(answer.ok, await answer.text());
}

await step('addresses records by an alternate key', async () => {
  await plain('POST', "EntityDefinitions(LogicalName='wt_crate')/Keys", {
    SchemaName: 'wt_CrateCode', DisplayName: label('Code'), KeyAttributes: ['wt_code'],
  });
  const keys = async () => (await api.retrieveEntity({
    key: "LogicalName='wt_crate'", select: ['LogicalName'], expand: [{ property: 'Keys' }],
  })).Keys;
  for (let i = 0; i < 100 && (await keys())[0].EntityKeyIndexStatus !== 'Active'; i += 1) {
    await new Promise((done) => { setTimeout(done, 100); });
  }
  const where = { collection: 'wt_crates', key: "wt_code='c1'" };
  const made = await api.upsert({ ...where, data: { wt_name: 'one' }, returnRepresentation: true });
  assert.equal(made.wt_code, 'c1');
  const again = await api.upsert({ ...where, data: { wt_name: 'uno' }, returnRepresentation: true });
  assert.equal(again.wt_crateid, made.wt_crateid);
  assert.equal((await api.retrieve({ ...where, select: ['wt_name'] })).wt_name, 'uno');
  await api.deleteRecord(where);
  assert.equal((await refused(() => api.retrieve(where))).status, 404);
});

await step('uploads and downloads a file in chunks', async () => {
  await api.createAttribute({
    entityKey: "LogicalName='wt_crate'",
    data: {
      '@odata.type': 'Microsoft.Dynamics.CRM.FileAttributeMetadata',
      SchemaName: 'wt_Manual',
      DisplayName: label('Manual'),
      RequiredLevel: required,
      MaxSizeInKB: 30720,
    },
  });
  const crate = await api.create({ collection: 'wt_crates', data: { wt_name: 'three' } });
  const where = { collection: 'wt_crates', key: crate, property: 'wt_manual' };
  const data = Buffer.alloc(5_000_000, 'windtunnel ');
  await api.uploadFile({ ...where, fileName: 'manual.txt', data });
  const found = await api.downloadFile(where);
  assert.deepEqual([found.fileName, found.fileSize], ['manual.txt', data.length]);
  assert.ok(data.equals(found.data));
  await api.deleteRecord(where);
});

await step('drops the table', async () => {
  await plain('DELETE', "EntityDefinitions(LogicalName='wt_crate')");
  const gone = await refused(() => api.retrieveMultiple({ collection: 'wt_crates' }));
  assert.equal(gone.status, 404);
});

await step('impersonates', async () => {
  const who = await api.callFunction('WhoAmI');
  const as = await api.callFunction({ name: 'WhoAmI', impersonate: who.UserId });
  assert.equal(as.UserId, who.UserId);
});

await step('reads errors', async () => {
  const unknown = await refused(() => api.retrieveMultiple({ collection: 'nothings' }));
  assert.deepEqual([unknown.status, unknown.code], [404, '0x8006088a']);
  const column = await refused(() =>
    api.retrieveMultiple({ collection: 'accounts', select: ['nothing'] }));
  assert.deepEqual([column.status, column.code], [400, '0x80060888']);
});

await step('deletes', async () => {
  await api.deleteRecord({ collection: 'contacts', key: contact });
  await refused(() => api.retrieve({ collection: 'contacts', key: contact }));
});

finish();
