// npm mcp-dataverse: a server of tools for language models, called tool by tool, through the proxy.
import assert from 'node:assert/strict';
import { connected } from './mcp.mjs';
import { env, finish, step } from './steps.mjs';

const client = await connected('mcp-dataverse/dist/server.js', {
  DATAVERSE_ENV_URL: env.WT_ORGANIZATION,
  AUTH_METHOD: 'client-credentials',
  AZURE_TENANT_ID: env.WT_TENANT_ID,
  AZURE_CLIENT_ID: env.WT_CLIENT_ID,
  AZURE_CLIENT_SECRET: env.WT_CLIENT_SECRET,
});

/** What a tool answers; its error is thrown. */
async function call(tool, given = {}) {
  const answer = await client.callTool({ name: `dataverse_${tool}`, arguments: given });
  const text = answer.content.map((part) => part.text).join('\n');
  if (answer.isError || text.startsWith('Error')) throw new Error(`${tool}: ${text}`);
  const parsed = JSON.parse(text);
  return parsed.data ?? parsed;
}

const GUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const id = (answer) => JSON.stringify(answer).match(GUID)[0];
const mark = `mcp ${Date.now()}`;
const rows = {};
let me;

await step('signs in and says who it is', async () => {
  me = await call('whoami');
  assert.match(me.userId ?? me.UserId, GUID);
  me = { user: me.userId ?? me.UserId, unit: me.businessUnitId ?? me.BusinessUnitId };
});

await step('describes tables, columns, choices, keys and relationships', async () => {
  assert.ok(JSON.stringify(await call('list_tables', { includeSystemTables: true })).includes('"account"'));
  assert.ok(JSON.stringify(await call('get_table_metadata', { logicalName: 'account' })).includes('accountnumber'));
  for (const relationshipType of ['OneToMany', 'ManyToOne', 'ManyToMany', 'All']) {
    await call('get_relationships', { logicalName: 'account', relationshipType });
  }
  await call('list_global_option_sets');
  await call('get_entity_key', { tableName: 'account' });
  for (const attributeLogicalName of ['statecode', 'statuscode', 'industrycode']) {
    const found = await call('get_attribute_option_set', { entityLogicalName: 'account', attributeLogicalName });
    assert.ok(JSON.stringify(found).includes('label'), JSON.stringify(found));
  }
  assert.ok(JSON.stringify(await call('resolve_entity_name', { name: 'accounts' })).includes('"account"'));
});

await step('creates, reads, changes, assigns and lists records', async () => {
  rows.account = id(await call('create', { entitySetName: 'accounts', data: { name: mark } }));
  rows.other = id(await call('create', { entitySetName: 'accounts', data: { name: `${mark} other` } }));
  rows.contact = id(await call('create', { entitySetName: 'contacts', data: { lastname: mark } }));
  await call('update', { entitySetName: 'accounts', id: rows.account, data: { telephone1: '1' } });
  await call('assign', { entitySetName: 'accounts', id: rows.account, ownerType: 'systemuser', ownerId: me.user });
  const read = await call('get', { entitySetName: 'accounts', id: rows.account, select: ['name', 'telephone1'] });
  assert.equal((read.record ?? read).telephone1, '1', JSON.stringify(read));
  const listed = await call('query', {
    entitySetName: 'accounts', select: ['name'], filter: `startswith(name,'${mark}')`, orderby: 'name', count: true, formattedValues: true,
  });
  assert.ok(JSON.stringify(listed).includes(`${mark} other`));
  await call('query', { entitySetName: 'accounts', apply: 'groupby((statecode),aggregate($count as n))' });
  const paged = await call('retrieve_multiple_with_paging', { entitySetName: 'contacts', select: ['fullname'], maxTotal: 150 });
  assert.ok(JSON.stringify(paged).length > 1000);
});

await step('runs FetchXML', async () => {
  const fetchXml = '<fetch count="60"><entity name="contact"><attribute name="fullname"/></entity></fetch>';
  const found = await call('execute_fetchxml', { fetchXml, formattedValues: true });
  assert.equal(JSON.stringify(found).match(/"contactid":/g).length, 60);
});

await step('associates and disassociates', async () => {
  const link = { entitySetName: 'accounts', id: rows.account, relationshipName: 'contact_customer_accounts', relatedEntitySetName: 'contacts' };
  await call('associate', { ...link, relatedId: rows.contact });
  const query = { entitySetName: 'accounts', id: rows.account, navigationProperty: 'contact_customer_accounts', select: 'fullname' };
  assert.ok(JSON.stringify(await call('query_associations', query)).includes(rows.contact));
  await call('disassociate', { ...link, relatedId: rows.contact, confirm: true });
  assert.ok(!JSON.stringify(await call('query_associations', query)).includes(rows.contact));
  await call('associate_bulk', { ...link, relatedIds: [rows.contact] });
});

await step('calls functions and actions, bound and unbound', async () => {
  const counted = await call('execute_function', { functionName: 'RetrieveTotalRecordCount', parameters: { EntityNames: ['account'] } });
  assert.ok(JSON.stringify(counted).includes('account'));
  await call('execute_function', { functionName: 'RetrieveVersion' });
  await call('execute_bound_function', { entitySetName: 'systemusers', id: me.user, functionName: 'RetrieveUserPrivileges' });
  await call('execute_action', { actionName: 'PublishAllXml' });
  await call('publish_customizations', { components: { entities: ['account'] } });
});

await step('sends batches, with and without a change set', async () => {
  const reads = [{ method: 'GET', url: `accounts(${rows.account})?$select=name` }];
  assert.ok(JSON.stringify(await call('batch_execute', { requests: reads })).includes(mark));
  const writes = [
    { method: 'PATCH', url: `accounts(${rows.account})`, body: { fax: '2' } },
    { method: 'POST', url: 'accounts', body: { name: `${mark} batch` } },
  ];
  await call('batch_execute', { requests: writes, useChangeset: true });
  const read = await call('query', { entitySetName: 'accounts', select: ['fax'], filter: `accountid eq ${rows.account}` });
  assert.ok(JSON.stringify(read).includes('"fax":"2"'), JSON.stringify(read));
});

await step('follows changes', async () => {
  const first = await call('change_detection', { entitySetName: 'accounts', deltaToken: null, select: ['name'] });
  await call('update', { entitySetName: 'accounts', id: rows.account, data: { name: `${mark} changed` } });
  const next = await call('change_detection', { entitySetName: 'accounts', deltaToken: first.nextDeltaToken, select: ['name'] });
  assert.equal(next.newAndModified.length, 1, JSON.stringify(next));
});

await step('keeps notes, environment variables and web resources', async () => {
  const note = { recordId: rows.account, entitySetName: 'accounts', subject: mark, noteText: 't', fileName: 'a.txt', mimeType: 'text/plain', documentBody: 'aGk=' };
  await call('create_annotation', note);
  const notes = await call('get_annotations', { recordId: rows.account, includeContent: true });
  assert.ok(JSON.stringify(notes).includes('aGk='));
  await call('create_environment_variable', { schemaName: 'new_mcp', displayName: 'V', type: 'String', value: 'a', confirm: true });
  await call('set_environment_variable', { schemaName: 'new_mcp', value: 'b' });
  assert.ok(JSON.stringify(await call('get_environment_variable', { schemaName: 'new_mcp' })).includes('"b"'));
  await call('create_web_resource', { name: 'new_/mcp.svg', displayName: 'x', webResourceType: 'SVG', contentBase64: 'aGk=' });
});

await step('reads users, roles, teams, views, processes, steps and logs', async () => {
  const privilege = id(await call('query', { entitySetName: 'privileges', select: ['name'], filter: "name eq 'prvReadAccount'" }));
  const unit = { 'businessunitid@odata.bind': `/businessunits(${me.unit})` };
  const role = id(await call('create', { entitySetName: 'roles', data: { name: mark, description: 'for tools', ...unit } }));
  await call('add_role_privileges', { roleId: role, privileges: [{ privilegeId: privilege, depth: 'Basic' }] });
  assert.ok(JSON.stringify(await call('get_role_privileges', { roleId: role })).includes(privilege));
  await call('assign_role_to_user', { userId: me.user, roleId: role, confirm: true });
  assert.ok(JSON.stringify(await call('get_user_roles', { userId: me.user })).includes(mark));
  await call('remove_role_from_user', { userId: me.user, roleId: role, confirm: true });
  assert.ok(JSON.stringify(await call('list_roles', { nameContains: mark })).includes(role));
  for (const tool of [
    'list_users', 'list_teams', 'list_business_units', 'list_workflows', 'list_custom_actions', 'list_plugin_steps',
    'list_connection_references', 'get_plugin_trace_logs', 'get_workflow_trace_logs', 'environment_capabilities',
  ]) {
    await call(tool);
  }
  assert.ok(JSON.stringify(await call('list_views', { entityLogicalName: 'account' })).includes('Active Accounts'));
});

await step('grants, checks and takes access; detects duplicates; merges', async () => {
  const shared = { entitySetName: 'accounts', recordId: rows.account, principalId: me.user };
  await call('grant_access', { ...shared, accessRights: ['ReadAccess', 'WriteAccess'] });
  assert.ok(JSON.stringify(await call('check_record_access', shared)).includes('ReadAccess'));
  await call('revoke_access', shared);
  await call('detect_duplicates', { entityLogicalName: 'account', record: { name: `${mark} other` } });
  await call('merge_records', {
    entityLogicalName: 'account', entitySetName: 'accounts', targetId: rows.account, subordinateId: rows.other,
    updateContent: { fax: '9' }, confirm: true,
  });
  const read = await call('get', { entitySetName: 'accounts', id: rows.other, select: ['statecode', 'merged'] });
  assert.deepEqual([(read.record ?? read).statecode, (read.record ?? read).merged], [1, true], JSON.stringify(read));
});

await step('makes a table with columns of every type, relationships and rows', async () => {
  const table = 'new_mcptable';
  await call('create_table', {
    schemaName: 'new_McpTable', displayName: 'Mcp', displayCollectionName: 'Mcps', primaryNameColumnSchemaName: 'new_Title', confirm: true,
  });
  const types = ['String', 'Memo', 'Integer', 'Decimal', 'Money', 'Boolean', 'DateTime', 'Picklist', 'MultiSelectPicklist', 'Image', 'AutoNumber'];
  const picklistOptions = [{ value: 1, label: 'One' }, { value: 2, label: 'Two' }];
  for (const attributeType of types) {
    await call('create_attribute', {
      entityLogicalName: table, schemaName: `new_${attributeType}`, attributeType, displayName: attributeType, confirm: true,
      ...(attributeType.includes('Picklist') ? { picklistOptions } : {}),
      ...(attributeType === 'AutoNumber' ? { autoNumberFormat: 'N-{SEQNUM:4}' } : {}),
    });
  }
  await call('update_attribute', { entityLogicalName: table, attributeLogicalName: 'new_string', displayName: 'Text', maxLength: 50, confirm: true });
  await call('create_lookup_attribute', { entityLogicalName: table, schemaName: 'new_AccountId', displayName: 'A', referencedEntity: 'account', confirm: true });
  await call('create_relationship', {
    type: 'OneToMany', schemaName: 'new_contact_mcptable', referencedEntity: 'contact', referencingEntity: table,
    referencingAttributeSchemaName: 'new_ContactId', referencingAttributeDisplayName: 'C', confirm: true,
  });
  await call('create_relationship', {
    type: 'ManyToMany', schemaName: 'new_account_mcptable', entity1LogicalName: 'account', entity2LogicalName: table,
    intersectEntitySchemaName: 'new_account_mcptable', confirm: true,
  });
  const data = { new_title: 'r', new_string: 's', new_picklist: 1, new_multiselectpicklist: '1,2' };
  const row = id(await call('create', { entitySetName: 'new_mcptables', data }));
  const read = await call('get', { entitySetName: 'new_mcptables', id: row });
  assert.equal((read.record ?? read).new_autonumber, 'N-1000', JSON.stringify(read));
  await call('delete_attribute', { entityLogicalName: table, attributeLogicalName: 'new_memo', confirm: true });
});

await step('deletes', async () => {
  await call('delete', { entitySetName: 'accounts', id: rows.account, confirm: true });
  await assert.rejects(() => call('get', { entitySetName: 'accounts', id: rows.account }), /0x80040217|not found|Does Not Exist/i);
});

await client.close();
finish();
