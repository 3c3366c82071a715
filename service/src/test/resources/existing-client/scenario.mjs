/*
 * Drives the usage and billing API from end to end:
 *
 *   node scenario.mjs http://localhost:8080/api/v1 PREFIX
 *
 * All its names begin with PREFIX or have it inside, so that it can run against a ledger in use, but
 * nobody else may write meanwhile. It stops at the first step that fails, names it, and ends with 1.
 */
import assert from 'node:assert/strict';
import { ApiError, UsageClient } from './client.mjs';

const [base, prefix] = process.argv.slice(2);
const client = new UsageClient(base);

const search = `${prefix}-search`;
const archive = `${prefix}-archive`;
const alice = `${prefix}-alice`;
const bob = `${prefix}-bob`;
const carol = `${prefix}-carol`;

const passed = [];

async function step(name, act) {
  try {
    await act();
    passed.push(name);
  } catch (error) {
    console.log(passed.map(done => `passed: ${done}`).join('\n'));
    console.log(`FAILED: ${name}\n${error.stack}`);
    process.exit(1);
  }
}

/** Checks an answer in JSON to the byte: its members, their order, their types. */
async function answers(request, status, body) {
  const answer = await request;
  assert.equal(answer.text, JSON.stringify(body));
  assert.equal(answer.status, status);
  assert.equal(answer.headers.get('Content-Type'), 'application/json');
}

/** Checks a refusal to the byte, but for the id of the request. */
async function refuses(request, status, title, error, message) {
  const refusal = await request.then(
    answer => assert.fail(`not refused, but answered ${answer.text}`),
    problem => problem,
  );
  if (!(refusal instanceof ApiError)) {
    throw refusal;
  }
  const { requestId } = refusal.body;
  assert.match(requestId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.equal(
    JSON.stringify(refusal.body),
    JSON.stringify({
      type: 'about:blank', title, status, detail: message, error, message, requestId,
    }),
  );
  assert.equal(refusal.status, status);
}

const invalid = (request, message) => refuses(request, 400, 'Bad Request', 'invalid_request', message);
const missing = (request, message) => refuses(request, 404, 'Not Found', 'not_found', message);
const disabled = (request, service) =>
  refuses(request, 409, 'Conflict', 'service_disabled', `service ${service} is disabled`);

const pair = (agent, serviceId, total) => ({ agent, serviceId, total });
const bill = (agent, serviceId, requests, priceStroops, billedStroops) =>
  ({ agent, serviceId, requests, priceStroops, billedStroops });

/** By how much figures have grown while something was done. */
async function growth(ask, act) {
  const before = await ask();
  await act();
  const after = await ask();
  return Object.fromEntries(
    Object.keys(before).map(name => [name, BigInt(after[name]) - BigInt(before[name])]));
}

const bills = async () => (await client.billingTotal()).value;

/** Everything of a list that comes in pages. */
async function all(page, items) {
  const found = [];
  for (let cursor = ''; cursor !== null;) {
    const { value } = await page(cursor === '' ? {} : { cursor });
    found.push(...items(value));
    cursor = value.nextCursor ?? null; // some lists leave it out at their end
  }
  return found;
}

/** The lines of the CSV file that are about the scenario's own pairs. */
const ownLines = csv => csv.split('\n').filter(line => line.includes(prefix));

/** Records usage by a name or of an amount that POST /usage does not take. */
let eventNumber = 0;
const use = (subject, service, units) => client.sendEvent({
  specversion: '1.0', id: String(++eventNumber), source: `/${prefix}`, type: 'usage', subject,
  data: { service, units },
});

// ---- Register ---------------------------------------------------------------------------------

await step('a service is registered', async () => {
  await answers(client.registerService({ serviceId: search, priceStroops: 250 }), 201,
    { serviceId: search, priceStroops: 250 });
  await answers(client.service(search), 200,
    { serviceId: search, priceStroops: 250, disabled: false });
});

await step('registering again changes the price and keeps the rest', async () => {
  await answers(
    client.registerService(
      { serviceId: search, priceStroops: 200, description: 'Volltext für alle', owner: 'team a' }),
    200,
    { serviceId: search, priceStroops: 200, description: 'Volltext für alle', owner: 'team a' });
  await answers(client.registerService({ serviceId: search, priceStroops: 250 }), 200,
    { serviceId: search, priceStroops: 250 });
  await answers(client.metadata(search), 200,
    { serviceId: search, description: 'Volltext für alle', owner: 'team a' });
});

await step('services are registered in bulk, bad ones told one by one', async () => {
  await answers(
    client.registerServices([
      { serviceId: archive, priceStroops: 0 },
      { serviceId: search, priceStroops: 300 },
      { serviceId: archive, priceStroops: 1 },
      { serviceId: 'a b', priceStroops: 1 },
      { serviceId: archive, priceStroops: 1, colour: 'red' },
      null,
    ]),
    201,
    {
      results: [
        { index: 0, ok: true, serviceId: archive, priceStroops: 0, created: true },
        { index: 1, ok: true, serviceId: search, priceStroops: 300, created: false },
        { index: 2, ok: false, serviceId: archive, error: 'duplicate_in_batch' },
        { index: 3, ok: false, error: 'invalid_item' },
        { index: 4, ok: false, error: 'invalid_item' },
        { index: 5, ok: false, error: 'invalid_item' },
      ],
    });
});

await step('services are listed in the order of registration, filters before the limit', async () => {
  const first = {
    serviceId: search, priceStroops: 300, disabled: false,
    description: 'Volltext für alle', owner: 'team a',
  };
  const second = { serviceId: archive, priceStroops: 0, disabled: false };
  await answers(client.services({ prefix }), 200, { services: [first, second] });
  await answers(client.services({ prefix, limit: 1 }), 200, { services: [first] });
  await answers(client.services({ prefix, q: 'ARCHI', limit: 1 }), 200, { services: [second] });
  await answers(client.services({ prefix, maxPrice: 299 }), 200, { services: [second] });
  await answers(client.services({ prefix, disabled: true }), 200, { services: [] });
});

await step('a service that breaks a rule is refused', async () => {
  await invalid(client.registerService({ serviceId: 'a/b', priceStroops: 1 }),
    'serviceId must be 1 to 128 characters of A-Z a-z 0-9 . _ -');
  await invalid(client.registerService({ serviceId: 'a', priceStroops: 9_007_199_255 }),
    'priceStroops must be an integer between 0 and 9007199254');
  await invalid(client.registerService({ serviceId: 'a', priceStroops: 1, colour: 'red' }),
    'unexpected field: colour');
  await invalid(client.registerServices([]), 'items must be 1-100 entries');
  await missing(client.service(`${prefix}-none`), `there is no service ${prefix}-none`);
});

// ---- Record -----------------------------------------------------------------------------------

await step('usage adds up by pair', async () => {
  await answers(client.record(alice, search, 3), 201, pair(alice, search, 3));
  await answers(client.record(alice, search, 4), 201, pair(alice, search, 7));
  await answers(client.record(alice, archive, 1_000_000), 201, pair(alice, archive, 1_000_000));
});

await step('usage that breaks a rule is refused', async () => {
  await invalid(client.record('', search, 1),
    'agent must be 1 to 256 characters of A-Z a-z 0-9 . _ -');
  await invalid(client.record(alice, search, 0),
    'requests must be an integer between 1 and 1000000');
  await invalid(client.record(alice, search, 1_000_001),
    'requests must be an integer between 1 and 1000000');
  await invalid(client.record(alice, search, 1.5),
    'requests must be an integer between 1 and 1000000');
  await invalid(client.record(alice, undefined, 1), 'serviceId is required');
});

await step('a disabled service takes no usage', async () => {
  await answers(client.disable(archive), 200, { serviceId: archive, disabled: true });
  await disabled(client.record(alice, archive, 1), archive);
  await answers(client.changeDisabled(archive, false), 200, { serviceId: archive, disabled: false });
  await answers(client.record(alice, archive, 1), 201, pair(alice, archive, 1_000_001));
});

await step('usage in bulk keeps the good items and tells the fate of each', async () => {
  await client.disable(archive);
  await answers(
    client.recordBulk([
      { agent: bob, serviceId: search, requests: 5 },
      { agent: bob, serviceId: search, requests: 0 },
      'usage',
      { agent: bob, serviceId: archive, requests: 1 },
      { agent: carol, serviceId: search, requests: 7 },
      { agent: 'a b', serviceId: search, requests: 1 },
      { agent: bob, serviceId: search, requests: 2 },
    ]),
    201,
    {
      results: [
        { index: 0, ok: true, total: 5 },
        { index: 1, ok: false, error: 'invalid_item' },
        { index: 2, ok: false, error: 'invalid_item' },
        { index: 3, ok: false, error: 'service_disabled' },
        { index: 4, ok: true, total: 7 },
        { index: 5, ok: false, error: 'invalid_item' },
        { index: 6, ok: true, total: 7 },
      ],
    });
  await client.enable(archive);
});

await step('usage in bulk takes 1 to 100 items and nothing else', async () => {
  const item = { agent: bob, serviceId: search, requests: 1 };
  await invalid(client.recordBulk([]), 'items must be 1-100 entries');
  await invalid(client.recordBulk(Array(101).fill(item)), 'items must be 1-100 entries');
  await invalid(client.recordBulk([item], { atomic: true }), 'unexpected field: atomic');
  await answers(client.usage(bob, search), 200, pair(bob, search, 7));
});

// ---- Read -------------------------------------------------------------------------------------

await step('usage is read by pair, by agent and by service', async () => {
  await answers(client.usage(alice, search), 200, pair(alice, search, 7));
  await answers(client.usage(`${prefix}-nobody`, search), 200, pair(`${prefix}-nobody`, search, 0));
  await answers(client.agentTotal(alice), 200, { agent: alice, total: 1_000_008 });
  await answers(client.agentUsage(alice), 200, {
    agent: alice,
    items: [{ serviceId: search, total: 7 }, { serviceId: archive, total: 1_000_001 }],
  });
  await answers(client.serviceUsage(search), 200, { serviceId: search, total: 21, agents: 3 });
  await answers(client.serviceAgents(search), 200, {
    serviceId: search,
    items: [alice, bob, carol].map(agent => ({ agent, total: 7 })),
  });
  await answers(client.serviceUsage(`${prefix}-none`), 200,
    { serviceId: `${prefix}-none`, total: 0, agents: 0 });
});

await step('the top of a service is by total, and by name among equals', async () => {
  await client.recordBulk([
    { agent: `${prefix}-Zoe`, serviceId: search, requests: 7 },
    { agent: `${prefix}-dave`, serviceId: search, requests: 9 },
    { agent: `${prefix}-eve`, serviceId: search, requests: 1 },
  ]);
  const top = [`${prefix}-dave`, `${prefix}-Zoe`, alice, bob, carol, `${prefix}-eve`]
    .map((agent, i) => ({ agent, total: [9, 7, 7, 7, 7, 1][i] }));
  await answers(client.topAgents(search, 100), 200, { serviceId: search, items: top });
  await answers(client.topAgents(search, 3), 200, { serviceId: search, items: top.slice(0, 3) });
});

await step('lists are read page by page', async () => {
  const pairs = await all(
    page => client.agentUsage(alice, { ...page, limit: 1 }), ({ items }) => items);
  assert.deepEqual(pairs, (await client.agentUsage(alice)).value.items);
  const agents = await all(
    page => client.agents({ ...page, limit: 1000 }), ({ agents }) => agents);
  assert.deepEqual(agents.filter(agent => agent.startsWith(prefix)),
    [alice, bob, carol, `${prefix}-Zoe`, `${prefix}-dave`, `${prefix}-eve`]);
  assert.equal(new Set(agents).size, agents.length);
});

// ---- Bill and settle --------------------------------------------------------------------------

await step('a bill is read without settling', async () => {
  for (let i = 0; i < 2; i++) {
    await answers(client.bill(alice, search), 200, bill(alice, search, 7, 300, 2_100));
  }
  await missing(client.bill(alice, `${prefix}-none`), `there is no service ${prefix}-none`);
});

await step('what is outstanding follows price, disabling and deletion at once', async () => {
  const service = `${prefix}-short-lived`;
  const figures = (total, disabledPart, unpriced) =>
    ({ totalStroops: total, disabledStroops: disabledPart, unpricedRequests: unpriced });
  assert.deepEqual(await growth(bills, () => client.record(carol, service, 10)), figures(0n, 0n, 10n));
  assert.deepEqual(
    await growth(bills, () => client.registerService({ serviceId: service, priceStroops: 5 })),
    figures(50n, 0n, -10n));
  assert.deepEqual(await growth(bills, () => client.changePrice(service, 7)), figures(20n, 0n, 0n));
  assert.deepEqual(await growth(bills, () => client.disable(service)), figures(0n, 70n, 0n));
  await answers(client.settle(carol, service), 200, bill(carol, service, 10, 7, 70));
  const deletion = await client.deleteService(service);
  assert.equal(deletion.status, 204);
  assert.equal(deletion.text, '');
  await missing(client.service(service), `there is no service ${service}`);
});

await step('a settlement bills at the price of now and leaves the pair at 0', async () => {
  await answers(client.changePrice(search, 250), 200, { serviceId: search, priceStroops: 250 });
  await answers(client.settle(alice, search), 200, bill(alice, search, 7, 250, 1_750));
  await answers(client.settle(alice, search), 200, bill(alice, search, 0, 250, 0));
  await answers(client.usage(alice, search), 200, pair(alice, search, 0));
  await answers(client.settle(`${prefix}-nobody`, search), 200,
    bill(`${prefix}-nobody`, search, 0, 250, 0));
});

await step('all pairs of an agent are settled at once, those at 0 included', async () => {
  await client.record(alice, `${prefix}-unpriced`, 2);
  await answers(client.settleAll(alice), 200, {
    agent: alice,
    items: [
      { serviceId: search, requests: 0, priceStroops: 250, billedStroops: 0 },
      { serviceId: archive, requests: 1_000_001, priceStroops: 0, billedStroops: 0 },
      { serviceId: `${prefix}-unpriced`, requests: 2, priceStroops: 0, billedStroops: 0 },
    ],
    totalBilledStroops: 0,
  });
  await answers(client.settleAll(`${prefix}-nobody`), 200,
    { agent: `${prefix}-nobody`, items: [], totalBilledStroops: 0 });
});

await step('a reset clears a pair and bills nothing', async () => {
  await answers(client.reset(bob, search), 200, { agent: bob, serviceId: search, clearedTotal: 7 });
  await answers(client.reset(bob, search), 200, { agent: bob, serviceId: search, clearedTotal: 0 });
  await missing(client.reset(bob, `${prefix}-never`),
    `agent ${bob} has never used service ${prefix}-never`);
});

// ---- Names and numbers ------------------------------------------------------------------------

await step('names of any script are percent-encoded in paths', async () => {
  const agent = `Zoë/東京 ${prefix} 100% #1?`;
  const service = `${prefix}-поиск+🔎`;
  await use(agent, service, 4);
  await answers(client.usage(agent, service), 200, pair(agent, service, 4));
  await answers(client.agentTotal(agent), 200, { agent, total: 4 });
  await answers(client.agentUsage(agent), 200, { agent, items: [{ serviceId: service, total: 4 }] });
  await answers(client.topAgents(service, 1), 200,
    { serviceId: service, items: [{ agent, total: 4 }] });
  await missing(client.bill(agent, service), `there is no service ${service}`);
  await answers(client.reset(agent, service), 200, { agent, serviceId: service, clearedTotal: 4 });
  await invalid(client.usage('a::b', service), "agent must not contain '::'");
});

await step('totals stop at what a number can hold, and bills do not', async () => {
  const most = Number.MAX_SAFE_INTEGER;
  const giant = `${prefix}-giant`;
  const service = `${prefix}-huge`;
  await client.registerService({ serviceId: service, priceStroops: 9_007_199_254 });
  await use(giant, service, most);
  await answers(client.usage(giant, service), 200, pair(giant, service, most));
  await answers(client.record(giant, service, 1_000_000), 201, pair(giant, service, most));
  await answers(client.agentTotal(giant), 200, { agent: giant, total: most });
  await answers(client.serviceUsage(service), 200, { serviceId: service, total: most, agents: 1 });
  const units = (BigInt(most) + 1_000_000n).toString();
  const billed = (BigInt(units) * 9_007_199_254n).toString();
  await answers(client.bill(giant, service), 200, bill(giant, service, units, 9_007_199_254, billed));
  await answers(client.settleAll(giant), 200, {
    agent: giant,
    items: [{
      serviceId: service, requests: units, priceStroops: 9_007_199_254, billedStroops: billed,
    }],
    totalBilledStroops: billed,
  });
  await answers(client.usage(giant, service), 200, pair(giant, service, 0));
});

// ---- Export -----------------------------------------------------------------------------------

await step('the CSV file quotes what needs it and tells pairs in order of first appearance', async () => {
  const service = `${prefix}-csv`;
  await use(`=SUM(${prefix})`, service, 1);
  await use(`say "${prefix}", twice`, service, 2);
  await use(`@${prefix},x`, service, 3);
  await use(`plain ${prefix}`, service, 0);
  const file = await client.exportCsv();
  assert.equal(file.headers.get('Content-Disposition'), 'attachment; filename=usage.csv');
  assert.match(file.headers.get('Content-Type'), /^text\/csv(; charset=utf-8)?$/);
  assert.match(file.headers.get('Ledger-Sequence'), /^[1-9][0-9]*$/);
  assert.ok(file.text.startsWith('agent,serviceId,total\n'));
  assert.ok(file.text.endsWith('\n'));
  assert.ok(!file.text.includes('\r'));
  assert.deepEqual(ownLines(file.text), [
    `${alice},${search},0`,
    `${alice},${archive},0`,
    `${bob},${search},0`,
    `${carol},${search},7`,
    `${prefix}-Zoe,${search},7`,
    `${prefix}-dave,${search},9`,
    `${prefix}-eve,${search},1`,
    `${carol},${prefix}-short-lived,0`,
    `${alice},${prefix}-unpriced,0`,
    `Zoë/東京 ${prefix} 100% #1?,${prefix}-поиск+🔎,0`,
    `${prefix}-giant,${prefix}-huge,0`,
    `'=SUM(${prefix}),${service},1`,
    `"say ""${prefix}"", twice",${service},2`,
    `"'@${prefix},x",${service},3`,
    `plain ${prefix},${service},0`,
  ]);
});

await step('the JSON file tells the same pairs', async () => {
  const { headers, text, value } = await client.exportJson();
  assert.equal(headers.get('Content-Disposition'), 'attachment; filename=usage.json');
  assert.deepEqual(Object.keys(value), ['exportedAt', 'items']);
  assert.ok(Math.abs(Date.now() - value.exportedAt) < 3_600_000);
  assert.equal(text, JSON.stringify(value));
  const own = value.items.filter(({ agent }) => agent.includes(prefix));
  assert.equal(own.length, ownLines((await client.exportCsv()).text).length);
  assert.deepEqual(own.slice(-4), [
    pair(`=SUM(${prefix})`, `${prefix}-csv`, 1),
    pair(`say "${prefix}", twice`, `${prefix}-csv`, 2),
    pair(`@${prefix},x`, `${prefix}-csv`, 3),
    pair(`plain ${prefix}`, `${prefix}-csv`, 0),
  ]);
});

// ---- What happened ----------------------------------------------------------------------------

await step('the log tells what happened, the newest page first and in order inside a page', async () => {
  const service = `${prefix}-log`;
  const since = (await client.events({ limit: 1 })).value.items[0].ts;
  await client.registerService({ serviceId: service, priceStroops: 2 });
  await client.record(alice, service, 3);
  await client.settle(alice, service);
  await client.record(alice, service, 1);
  await client.settleAll(alice);
  await client.record(alice, service, 4);
  await client.reset(alice, service);
  await client.disable(service);
  await client.enable(service);
  await client.changeDisabled(service, true);
  await client.deleteService(service);
  const expected = [
    ['recorded', { agent: alice, serviceId: service, requests: 3, total: 3 }],
    ['settled', { agent: alice, serviceId: service, requests: 3, billedStroops: 6 }],
    ['recorded', { agent: alice, serviceId: service, requests: 1, total: 1 }],
    ['settled', { agent: alice, serviceId: service, requests: 1, billedStroops: 2, bulk: true }],
    ['recorded', { agent: alice, serviceId: service, requests: 4, total: 4 }],
    ['reset', { agent: alice, serviceId: service, clearedTotal: 4 }],
    ['service.disabled', { serviceId: service, tenantId: 'public' }],
    ['service.enabled', { serviceId: service, tenantId: 'public' }],
    ['service.deleted', { serviceId: service }],
  ];
  const log = (await client.events({ since, limit: 1000 })).value.items;
  const own = log.filter(({ payload }) => payload.serviceId === service);
  assert.equal(JSON.stringify(own.map(({ type, payload }) => [type, payload])),
    JSON.stringify(expected));
  own.forEach(item => assert.deepEqual(Object.keys(item), ['id', 'ts', 'type', 'payload']));
  assert.deepEqual(log.map(({ id }) => id), log.map(({ id }) => id).sort((a, b) => a - b));

  const newest = (await client.events({ limit: 2 })).value;
  assert.deepEqual(newest.items.map(({ type }) => type), ['service.enabled', 'service.deleted']);
  const next = (await client.events({ limit: 2, cursor: newest.nextCursor })).value;
  assert.deepEqual(next.items.map(({ type }) => type), ['reset', 'service.disabled']);
  const resets = (await client.events({ type: 'reset', limit: 1 })).value.items;
  assert.deepEqual(resets[0].payload, expected[5][1]);
});

await step('the summary counts the log by type', async () => {
  const { text, value: { counts, total } } = await client.eventSummary();
  assert.equal(text, JSON.stringify({ counts, total }));
  assert.deepEqual(Object.keys(counts),
    ['recorded', 'settled', 'reset', 'service.enabled', 'service.disabled', 'service.deleted']);
  for (const [type, count] of Object.entries(counts)) {
    assert.equal((await client.events({ type, limit: 1 })).value.total, count);
  }
  assert.equal(Object.values(counts).reduce((sum, count) => sum + count), total);
});

await step('the figures count what was used and settled', async () => {
  const figures = async () => {
    const { servicesBreakdown, nextServicesBreakdownCursor, paused, ...numbers } =
      (await client.stats()).value;
    assert.equal(paused, false);
    assert.equal(typeof numbers.settledStroopsTotal, 'string');
    return numbers;
  };
  const metrics = async () => {
    const { headers, text } = await client.metrics();
    assert.match(headers.get('Content-Type'), /^text\/plain; version=0\.0\.4/);
    return Object.fromEntries(
      [...text.matchAll(/^agentpay_(\S+) (-?\d+)$/gm)].map(([, name, value]) => [name, value]));
  };
  const own = `${prefix}-figures`;
  let counted;
  const act = async () => {
    counted = await growth(metrics, async () => {
      await client.registerService({ serviceId: own, priceStroops: 3 });
      await client.record(own, own, 5);
      await client.settle(own, own);
      await client.record(own, own, 2);
      await client.usage(own, own);
    });
  };
  assert.deepEqual(await growth(figures, act), {
    totalServices: 1n, totalApiKeys: 0n, totalWebhooks: 0n, usageKeys: 1n, totalRequests: 2n,
    lifetimeRequests: 7n, uniqueAgents: 1n, settledStroopsTotal: 15n, settlementsTotal: 1n,
    servicesBreakdownTotal: 1n,
  });
  const { 'http_requests_total{method="GET",route="/api/v1/usage/:agent/:serviceId",status="200"}': reads,
    'http_requests_total{method="POST",route="/api/v1/usage",status="201"}': writes } = counted;
  assert.deepEqual({ reads, writes }, { reads: 1n, writes: 2n });
  assert.deepEqual(Object.fromEntries(
    Object.entries(counted).filter(([name]) => !name.startsWith('http_'))), {
    services_total: 1n, api_keys_total: 0n, webhooks_total: 0n, usage_keys_total: 1n,
    usage_requests_total: 2n, paused: 0n, requests_recorded_total: 7n,
    settled_stroops_total: 15n, settlements_total: 1n,
  });
});

await step('the service is well', async () => {
  await answers(client.health(), 200, { status: 'ok' });
});

console.log(`${passed.length} steps passed`);
