// npm powerplatform-mcp: a server of tools for makers, called tool by tool, through the proxy.
import assert from 'node:assert/strict';
import { connected } from './mcp.mjs';
import { env, finish, step } from './steps.mjs';

const client = await connected('powerplatform-mcp/build/index.js', {
  POWERPLATFORM_ENVIRONMENTS: 'DEV',
  POWERPLATFORM_DEV_URL: env.WT_ORGANIZATION,
  POWERPLATFORM_DEV_CLIENT_ID: env.WT_CLIENT_ID,
  POWERPLATFORM_DEV_CLIENT_SECRET: env.WT_CLIENT_SECRET,
  POWERPLATFORM_DEV_TENANT_ID: env.WT_TENANT_ID,
});

/** What a tool answers; its error is thrown. The tools are not listed before: their schemas refuse their own answers. */
async function call(tool, given = {}) {
  const answer = await client.callTool({ name: tool, arguments: given });
  const text = answer.content.map((part) => part.text).join('\n');
  if (answer.isError || /^(Failed|Error)/.test(text)) throw new Error(`${tool}: ${text}`);
  return text;
}

const GUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const id = (text) => text.match(GUID)[0];
const mark = `pp${Date.now()}`;
const rows = {};

await step('describes tables, columns, keys, relationships and choices', async () => {
  const table = await call('get-entity-metadata', { entityName: 'account' });
  rows.table = table.match(/"MetadataId":\s*"([^"]+)"/)[1];
  assert.ok((await call('get-entity-attributes', { entityName: 'account' })).includes('"accountnumber"'));
  assert.ok((await call('get-entity-attribute', { entityName: 'account', attributeName: 'industrycode' })).includes('Picklist'));
  assert.ok((await call('get-entity-relationships', { entityName: 'account' })).includes('contact_customer_accounts'));
  assert.ok((await call('get-global-option-set', { optionSetName: 'activity_typecode' })).includes('Phone Call'));
});

await step('adds a column and an alternate key', async () => {
  await call('create-entity-string-attribute', {
    entityName: 'account', schemaName: `new_${mark}`, displayName: mark, maxLength: 50, requiredLevel: 'None',
  });
  const key = { entityName: 'account', schemaName: `new_key${mark}`, displayName: mark, keyAttributes: [`new_${mark}`] };
  await call('create-entity-alternate-key', key);
  assert.ok((await call('get-entity-keys', { entityName: 'account' })).includes(`new_key${mark}`));
  await call('publish-customizations', { entityLogicalName: 'account' });
  await call('publish-customizations', {});
});

await step('reads records', async () => {
  const query = { entityNamePlural: 'accounts', filter: "contains(name,'a')", maxRecords: 3 };
  const listed = await call('query-records', query);
  assert.match(listed, /^Retrieved 3 records/);
  const recordId = listed.match(/"accountid":\s*"([^"]+)"/)[1];
  assert.ok((await call('get-record', { entityNamePlural: 'accounts', recordId })).includes(recordId));
});

await step('reads messages, steps, plug-ins, trace logs and endpoints', async () => {
  assert.ok((await call('get-sdk-message', { messageName: 'Create' })).includes('"sdkmessageid"'));
  await call('get-all-plugin-steps', { includeDisabled: true });
  await call('get-plugin-assemblies', { includeManaged: true });
  await call('get-plugin-trace-logs', { entityName: 'account', messageName: 'Create', exceptionOnly: true, hoursBack: 24 });
  await call('get-service-endpoints');
});

await step('reads processes, rules and flows', async () => {
  await call('get-workflows', { activeOnly: true });
  await call('get-ootb-workflows');
  await call('search-workflows', { name: 'a', primaryEntity: 'account', description: 'd', category: 0, statecode: 1 });
  await call('get-business-rules', { activeOnly: true });
  await call('get-flows', { activeOnly: true, excludeSystem: true, nameContains: 'x' });
  await call('get-flow-inventory');
  await call('get-connection-references', { managedOnly: true, hasConnection: true, inactive: true });
});

await step('reads publishers, solutions, components and dependencies', async () => {
  assert.ok((await call('get-publishers')).includes('uniquename'));
  assert.ok((await call('get-solutions')).includes('Default'));
  await call('get-solution', { uniqueName: 'Default' });
  await call('get-solution-components', { solutionUniqueName: 'Default' });
  const component = { componentId: rows.table, componentType: 1 };
  await call('check-component-dependencies', component);
  await call('check-delete-eligibility', component);
});

await step('keeps environment variables', async () => {
  const made = await call('create-environment-variable', { schemaName: `new_v${mark}`, displayName: mark, type: 'String', defaultValue: 'a' });
  await call('set-environment-variable-value', { definitionId: id(made), value: 'b' });
  assert.ok((await call('get-environment-variables')).includes(`new_v${mark}`));
});

await step('makes a role, gives it privileges and deletes it', async () => {
  await call('get-security-roles', { excludeSystemRoles: false, includePrivileges: true, maxRecords: 5 });
  const privileges = await call('list-privileges', { entityFilter: 'account', accessRightFilter: 'Read' });
  const privilegeId = privileges.match(/"privilegeid":\s*"([^"]+)"/i)[1];
  const roleId = id(await call('create-security-role', { name: mark, description: 'd' }));
  await call('update-security-role', { roleId, name: `${mark} 2`, description: 'e' });
  await call('add-security-role-privileges', { roleId, privileges: [{ privilegeId, depth: 'Basic' }] });
  await call('replace-security-role-privileges', { roleId, privileges: [{ privilegeId, depth: 'Global' }], confirm: true });
  assert.ok((await call('get-security-role-privileges', { roleId })).includes('prvReadAccount'));
  await call('delete-security-role', { roleId, confirm: true });
});

await step('declares a custom API and its parameters', async () => {
  const uniqueName = `new_Api${mark}`;
  const api = { uniqueName, name: mark, displayName: mark, bindingType: 0, isFunction: false, isPrivate: false, allowedCustomProcessingStepType: 0 };
  const customApiId = id(await call('create-custom-api', api));
  const part = { customApiId, displayName: 'x', type: 10 };
  await call('create-custom-api-request-parameter', { ...part, uniqueName: 'In', name: 'In', isOptional: true });
  await call('create-custom-api-response-property', { ...part, uniqueName: 'Out', name: 'Out' });
  assert.ok((await call('get-custom-apis', { includeManaged: true })).includes(uniqueName));
  await call('get-custom-api', { uniqueName });
  assert.ok((await call('get-custom-api-request-parameters', { customApiId })).includes('"In"'));
});

await step('keeps web resources', async () => {
  const name = `new_/${mark}.js`;
  await call('create-web-resource', { name, displayName: mark, webResourceType: 3, content: 'var a = 1;' });
  assert.ok((await call('get-web-resources', { webResourceType: 3, nameFilter: mark })).includes(name));
  assert.ok((await call('get-web-resource', { name })).includes('var a = 1;'));
});

await client.close();
finish();
