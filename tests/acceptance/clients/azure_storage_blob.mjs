// npm @azure/storage-blob: containers, blocks, ranges, leases, SAS, batch, snapshots, copies, tags.
import assert from 'node:assert/strict';
import {
  BlobBatchClient,
  BlobServiceClient,
  BlobSASPermissions,
  BlockBlobClient,
  ContainerClient,
  StorageSharedKeyCredential,
  generateBlobSASQueryParameters,
} from '@azure/storage-blob';
import { env, finish, step } from './steps.mjs';

const options = { retryOptions: { maxTries: 1 } };
const parts = Object.fromEntries(
  env.WT_BLOB_CONNECTION_STRING.split(';')
    .filter(Boolean)
    .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
);
const service = BlobServiceClient.fromConnectionString(env.WT_BLOB_CONNECTION_STRING, options);
const container = service.getContainerClient(`node-${Date.now()}`);
const data = Buffer.alloc(3_000_000, 'windtunnel ');

async function refused(work) {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}

await step('creates a container with metadata and lists it', async () => {
  await container.create({ metadata: { Source: 'node' } });
  const properties = await container.getProperties();
  assert.equal(properties.metadata.source ?? properties.metadata.Source, 'node');
  const names = [];
  for await (const item of service.listContainers({ prefix: 'node-' })) names.push(item.name);
  assert.ok(names.includes(container.containerName));
});

await step('uploads in blocks and downloads whole and in part', async () => {
  const blob = container.getBlockBlobClient('päck chen/1+2&3.bin');
  await blob.uploadData(data, {
    blockSize: 1_000_000,
    maxSingleShotSize: 1_000,
    concurrency: 3,
    blobHTTPHeaders: { blobContentType: 'application/zip' },
    metadata: { Run: '7' },
    tags: { run: '7' },
  });
  assert.ok((await blob.downloadToBuffer()).equals(data));
  const part = await blob.downloadToBuffer(1_000_000, 10);
  assert.ok(part.equals(data.subarray(1_000_000, 1_000_010)));
  const told = await blob.getProperties();
  assert.equal(told.contentType, 'application/zip');
  assert.equal(told.contentLength, data.length);
  assert.deepEqual((await blob.getTags()).tags, { run: '7' });
  const list = await blob.getBlockList('committed');
  assert.equal(list.committedBlocks.length, 3);
});

await step('lists flat and by hierarchy, page by page', async () => {
  for (const name of ['a/1', 'a/2', 'b']) await container.uploadBlockBlob(name, name, name.length);
  const flat = [];
  for await (const page of container.listBlobsFlat({ includeMetadata: true }).byPage({ maxPageSize: 2 })) {
    assert.ok(page.segment.blobItems.length <= 2);
    flat.push(...page.segment.blobItems.map((item) => item.name));
  }
  assert.deepEqual(flat, ['a/1', 'a/2', 'b', 'päck chen/1+2&3.bin']);
  const level = [];
  for await (const item of container.listBlobsByHierarchy('/')) level.push(item.name);
  assert.deepEqual(level.sort(), ['a/', 'b', 'päck chen/']);
});

await step('a SAS of its own opens one blob, and an expired one nothing', async () => {
  const credential = new StorageSharedKeyCredential(parts.AccountName, parts.AccountKey);
  const url = (minutes) => {
    const sas = generateBlobSASQueryParameters(
      {
        containerName: container.containerName,
        blobName: 'b',
        permissions: BlobSASPermissions.parse('rw'),
        expiresOn: new Date(Date.now() + minutes * 60_000),
      },
      credential,
    );
    return `${container.url}/b?${sas}`;
  };
  const blob = new BlockBlobClient(url(5), undefined, options);
  await blob.upload('by sas', 6);
  assert.equal((await blob.downloadToBuffer()).toString(), 'by sas');
  const late = new BlockBlobClient(url(-5), undefined, options);
  const error = await refused(() => late.download());
  assert.equal(error.statusCode, 403);
  assert.equal(error.code ?? error.details?.errorCode, 'AuthenticationFailed');
});

await step('conditions and leases hold writes back', async () => {
  const blob = container.getBlockBlobClient('b');
  const exists = await refused(() => blob.upload('x', 1, { conditions: { ifNoneMatch: '*' } }));
  assert.equal(exists.statusCode, 409);
  const lease = blob.getBlobLeaseClient();
  await lease.acquireLease(15);
  const error = await refused(() => blob.upload('x', 1));
  assert.equal(error.details.errorCode, 'LeaseIdMissing');
  await blob.upload('x', 1, { conditions: { leaseId: lease.leaseId } });
  await lease.releaseLease();
});

await step('snapshots, copies and appended blocks', async () => {
  const blob = container.getBlockBlobClient('b');
  const { snapshot } = await blob.createSnapshot();
  await blob.upload('newer', 5);
  assert.equal((await blob.withSnapshot(snapshot).downloadToBuffer()).toString(), 'x');
  const copy = container.getBlobClient('copy');
  const poller = await copy.beginCopyFromURL(blob.url);
  assert.equal((await poller.pollUntilDone()).copyStatus, 'success');
  const log = container.getAppendBlobClient('log');
  await log.create();
  await log.appendBlock('one', 3);
  await log.appendBlock('two', 3);
  assert.equal((await log.downloadToBuffer()).toString(), 'onetwo');
  const disk = container.getPageBlobClient('disk');
  await disk.create(1024);
  await disk.uploadPages(Buffer.alloc(512, 1), 512, 512);
  const ranges = await disk.getPageRanges();
  // the client itself takes the last byte for the one behind it
  assert.deepEqual(ranges.pageRange, [{ offset: 512, count: 511 }]);
});

await step('a batch deletes', async () => {
  const credential = new StorageSharedKeyCredential(parts.AccountName, parts.AccountKey);
  const batch = new BlobBatchClient(service.url, credential, options);
  const urls = ['a/1', 'a/2'].map((name) => container.getBlobClient(name).url);
  const answer = await batch.deleteBlobs(urls, credential);
  assert.equal(answer.subResponsesSucceededCount, 2);
});

await step('the container goes with all it holds', async () => {
  await container.delete();
  assert.equal(await new ContainerClient(container.url, service.credential, options).exists(), false);
});

finish();
